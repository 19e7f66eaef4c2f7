// The keys of the desk, as in editors. Streamlit owns R and C, so keys are caught before it and only ours are stopped.

import { make } from "./details.js";

/** What the panel behind "?" shows. @type {[string, [string, string][]][]} */
const GUIDE = [
  ["Listen", [
    ["Space", "Play or pause; stops at the out point"],
    ["Shift Space", "Play the clip from its start"],
    ["J K L", "Backwards, stop, forwards; again is faster"],
    ["/", "Play around an edge; again for the other edge"],
    [", .", "One frame back or on; with Shift ten"],
    ["\u2190 \u2192", "The same; with Shift a second"],
    ["Shift L", "Loop"],
  ]],
  ["Trim", [
    ["I O", "Set the start or end at the playhead"],
    ["[ ]", "Move the active edge to the silence before or after"],
    ["Shift I O", "Go to the start or end"],
    ["Drag", "Edges snap to silences; with Alt they move freely"],
    ["N", "New clip at the playhead"],
    ["Shift drag", "New clip over a stretch"],
  ]],
  ["Decide", [
    ["A", "Approve"],
    ["E", "Ask for changes"],
    ["X", "Reject; then 1\u20136 for the reason, or X again for none"],
    ["Z", "Undo"],
    ["\u2191 \u2193", "Clip before or after"],
  ]],
  ["Look", [
    ["+ \u2212", "Closer or wider"],
    ["F W", "Fit the clip, or the whole recording"],
    ["Wheel", "Closer or wider; with Shift sideways"],
    ["?", "These keys"],
  ]],
];

/** @param {any} desk @returns {Record<string, (event: KeyboardEvent) => void>} by lower-case key */
function actions(desk) {
  const { player } = desk;
  const nudge = (direction) => (event) => {
    if (event.shiftKey) player.moveTo(player.time + direction);
    else player.step(direction);
  };
  const edge = (side) => (event) => (event.shiftKey ? desk.edges.goTo(side) : desk.edges.setHere(side));
  return {
    " ": (event) => (event.shiftKey ? desk.playClip() : desk.togglePlay()),
    k: () => player.pause(),
    j: () => player.shuttleStep(-1),
    l: (event) => (event.shiftKey ? player.setLoop(!player.loop) : player.shuttleStep(1)),
    "/": () => desk.playAround(),
    ",": () => player.step(-1),
    ".": () => player.step(1),
    "<": () => player.step(-10),
    ">": () => player.step(10),
    arrowleft: nudge(-1),
    arrowright: nudge(1),
    i: edge("in"),
    o: edge("out"),
    "[": () => desk.edges.step(-1),
    "]": () => desk.edges.step(1),
    arrowup: () => desk.openBeside(-1),
    arrowdown: () => desk.openBeside(1),
    a: () => desk.decide("approved"),
    e: () => desk.decision.toggle("changes"),
    x: () => desk.decision.toggle("reject"),
    z: () => desk.undo(),
    n: () => desk.createHere(),
    "+": () => desk.zoom(0.6),
    "=": () => desk.zoom(0.6),
    "-": () => desk.zoom(1 / 0.6),
    f: () => desk.fitClip(),
    w: () => desk.fitWhole(),
    "?": () => desk.showKeys(),
  };
}

const ONCE = new Set(["a", "e", "x", "z", "n", "i", "o", "/", "?", " ", "f", "w"]); // a held key means it once
const OWNED_BY_STREAMLIT = new Set(["r", "c"]);
const PRESSES = new Set([" ", "enter"]);

/** @param {any} desk */
export function listenToKeys(desk) {
  const run = actions(desk);
  let pointerHere = false;
  desk.root.addEventListener("pointerenter", () => (pointerHere = true));
  desk.root.addEventListener("pointerleave", () => (pointerHere = false));

  const swallow = (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
  };

  function onKey(event) {
    const [target] = event.composedPath();
    if (isTyping(target) || desk.keysOpen()) return;
    const level3 = event.getModifierState?.("AltGraph"); // how [ and ] are typed on many keyboards
    if (!level3 && (event.ctrlKey || event.metaKey || event.altKey)) return;
    const key = event.key.toLowerCase();
    const here = event.composedPath().includes(desk.root);
    if (!here && !isForUs(target, desk.root, pointerHere, key)) return;
    if (desk.decision.reasonKey(key)) return swallow(event);
    if (isOwnKey(target, key, here)) return;
    if (OWNED_BY_STREAMLIT.has(key) && (here || pointerHere) && !event.shiftKey) return swallow(event);
    if (!run[key]) return;
    swallow(event);
    if (!(event.repeat && ONCE.has(key))) run[key](event);
  }
  window.addEventListener("keydown", onKey, { capture: true, signal: desk.gone });
}

/** @param {any} target */
function isTyping(target) {
  if (target?.isContentEditable) return true;
  if (target?.tagName === "INPUT") return !["checkbox", "radio", "button", "submit", "range"].includes(target.type);
  return target?.tagName === "TEXTAREA" || target?.tagName === "SELECT";
}

// Outside the desk: keys are ours while nothing there has the focus, or while the pointer rests on the desk.
function isForUs(target, root, pointerHere, key) {
  const host = root.getRootNode().host ?? root;
  if (!target || target === document.body || target === document.documentElement || target.contains?.(host)) return true;
  return pointerHere && !PRESSES.has(key) && !key.startsWith("arrow");
}

// Inside the desk: a button reached by Tab is pressed by Space, an edge is moved by arrows.
function isOwnKey(target, key, here) {
  if (!here) return false;
  if (key.startsWith("arrow")) return target.getAttribute?.("role") === "slider";
  return PRESSES.has(key) && target.matches?.("button:focus-visible, a:focus-visible, summary:focus-visible");
}

/** @param {Element} box */
export function fillGuide(box) {
  box.replaceChildren(
    ...GUIDE.map(([title, keys]) => {
      const part = make("section", "");
      part.append(make("h4", "", title));
      const list = make("dl", "");
      for (const [key, does] of keys) {
        const term = make("dt", "");
        for (const one of key.split(" ")) term.append(make("kbd", "", one));
        list.append(term, make("dd", "", does));
      }
      part.append(list);
      return part;
    }),
  );
}
