// Helpers that make and change elements of the page, for every room of the desk.

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag @param {string} className @param {string} [text] @returns {HTMLElementTagNameMap[T]}
 */
export function make(tag, className, text = "") {
  return Object.assign(document.createElement(tag), { className, textContent: text });
}

/** A button that sends no form. @param {string} className @param {string} text @param {() => void} run on a click */
export function makeButton(className, text, run) {
  const button = make("button", className, text);
  button.type = "button";
  button.addEventListener("click", run);
  return button;
}

/**
 * A quiet button for an action that also has a key; the desk takes the focus back, so that its keys go on working.
 * @param {{focusQuietly: () => void}} desk @param {string} text @param {string} key @param {() => void} run
 */
export function keyButton(desk, text, key, run) {
  const button = makeButton("quiet", `${text} `, () => {
    desk.focusQuietly();
    run();
  });
  button.append(make("kbd", "", key));
  return button;
}

/** A sign that screen readers skip, since a word beside it says the same. @param {string} text */
export function makeSign(text) {
  const sign = make("span", "sign", text);
  sign.setAttribute("aria-hidden", "true");
  return sign;
}

/** Set a text only where it differs, so that nothing is laid out in vain. @param {Node} element @param {string} text */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Set attributes only where they differ. @param {Element} element @param {Record<string, string>} attributes */
export function setAttributes(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  }
}
