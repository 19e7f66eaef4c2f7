// The keys of the desk, as in editors. Streamlit uses R and C itself, so keys are caught before it, and only ours are stopped.

import { make } from "../dom.js";

/** The content of the panel behind "?". @type {[string, [string, string][]][]} */
const GUIDE = [
  ["Listen", [
    ["Space", "Play or pause; stops at the out point"],
    ["Shift Space", "Play the clip from its start"],
    ["J K L", "Backwards, stop, forwards; again is faster"],
    ["/", "Hear the edges: first and last 2 s, then 2 s beyond each"],
    [", .", "One frame back or on; with Shift ten"],
    ["\u2190 \u2192", "The same; with Shift a second"],
    ["Shift L", "Loop"],
  ]],
  ["Trim", [
    ["I O", "Set the start or end at the playhead"],
    ["[ ]", "Move the active edge to the silence before or after"],
    ["1 \u2013 4", "Use another good place for the active edge"],
    ["Shift I O", "Go to the start or end"],
    ["Drag", "Edges snap to silences; with Alt they move freely"],
  ]],
  ["Shape", [
    ["N", "New clip of what is marked, or at the playhead"],
    ["Enter", "Set the clip to what is marked"],
    ["Delete", "Cut what is marked out of the clip; else remove the clip"],
    ["S", "Split at the playhead"],
    ["G", "Join with the next clip"],
    ["D", "Duplicate"],
    ["R", "Rename"],
    ["Shift drag", "Mark a stretch; dragging over words does too"],
  ]],
  ["Decide", [
    ["A", "Approve"],
    ["E", "Ask for changes"],
    ["X", "Reject; then 1\u20136 for the reason, or X again for none"],
    ["Shift A", "Carry the earlier approval over to this version"],
    ["Z", "Undo; with Shift redo"],
    ["\u2191 \u2193", "Clip before or after"],
    ["U", "Next clip nobody has decided on"],
    ["V", "Pick the clip, to decide on several at once"],
    ["Shift \u2191 \u2193", "Pick the next one too; Shift V picks all"],
    ["Q", "Filter the list"],
  ]],
  ["Words", [
    ["T", "Note at the playhead"],
    ["C", "Correct the word"],
  ]],
  ["Look", [
    ["+ \u2212", "Closer or wider"],
    ["F W", "Fit the clip, or the whole recording"],
    ["Wheel", "Closer or wider; with Shift sideways"],
    ["Esc", "Unmark, unpick"],
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
    "/": () => desk.audition.next(),
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
    1: () => desk.alternatives.use(1),
    2: () => desk.alternatives.use(2),
    3: () => desk.alternatives.use(3),
    4: () => desk.alternatives.use(4),
    arrowup: (event) => (event.shiftKey ? desk.picked.extend(-1) : desk.openBeside(-1)),
    arrowdown: (event) => (event.shiftKey ? desk.picked.extend(1) : desk.openBeside(1)),
    u: () => desk.openUndecided(),
    v: (event) => (event.shiftKey ? desk.picked.all() : desk.picked.toggle()),
    q: () => desk.filters.focus(),
    a: (event) => (event.shiftKey ? desk.carryOver() : desk.decide("approved")),
    e: () => desk.decision.toggle("changes"),
    x: () => desk.decision.toggle("reject"),
    z: (event) => (event.shiftKey ? desk.redo() : desk.undo()),
    n: () => desk.createHere(),
    d: () => desk.shapes.duplicate(),
    s: () => desk.shapes.split(),
    g: () => desk.shapes.merge(),
    r: () => desk.details.beginRename(),
    enter: () => desk.useMark(),
    delete: () => desk.cutOrRemove(),
    backspace: () => desk.cutOrRemove(),
    escape: () => desk.unmark(),
    t: () => desk.notes.begin(),
    c: () => desk.corrections.begin(),
    "+": () => desk.zoom(0.6),
    "=": () => desk.zoom(0.6),
    "-": () => desk.zoom(1 / 0.6),
    f: () => desk.fitClip(),
    w: () => desk.fitWhole(),
    "?": () => desk.showKeys(),
  };
}

const ONCE = new Set([..."aexnioqsgdrtcuvjl/? fw1234", "enter", "delete", "backspace", "escape"]); // a key that is held down acts once
const PRESSES = new Set([" ", "enter"]);
const LEFT_ALONE = new Set([...PRESSES, "escape", "delete", "backspace"]); // while something elsewhere has the focus

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

  // as in every editor: Ctrl or Cmd with Z, Shift Z, Y
  function commandKey(event) {
    const key = event.key.toLowerCase();
    if (!event.composedPath().includes(desk.root) || !["z", "y"].includes(key)) return false;
    swallow(event);
    if (key === "y" || event.shiftKey) desk.redo();
    else desk.undo();
    return true;
  }

  // a dialog of the desk has the focus: it gets its keys, but Streamlit must not get R and C
  function keepFromStreamlit(event) {
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (plain && ["r", "c"].includes(event.key?.toLowerCase())) event.stopImmediatePropagation();
  }

  function onKey(event) {
    const [target] = event.composedPath();
    if (isTyping(target)) return;
    if (desk.keysOpen()) return keepFromStreamlit(event);
    if ((event.ctrlKey || event.metaKey) && !event.altKey && commandKey(event)) return;
    // how [ and ] are typed on many keyboards
    const level3 = event.getModifierState?.("AltGraph") || (event.altKey && "[]".includes(event.key));
    if (!level3 && (event.ctrlKey || event.metaKey || event.altKey)) return;
    const key = meant(event, run);
    const here = event.composedPath().includes(desk.root);
    if (!here && !isForUs(target, desk.root, pointerHere, key)) return;
    if (desk.decision.reasonKey(key)) return swallow(event);
    if (isOwnKey(target, key, here)) return;
    if (!run[key]) return;
    swallow(event);
    if (!(event.repeat && ONCE.has(key))) run[key](event);
  }
  window.addEventListener("keydown", onKey, { capture: true, signal: desk.gone });
}

const SHIFTED = { Comma: "<", Period: ">" };

// The key by its sign, or by its place: with Shift, comma and full stop give other signs on many keyboards.
function meant(event, run) {
  const key = event.key.toLowerCase();
  return !run[key] && event.shiftKey && SHIFTED[event.code] ? SHIFTED[event.code] : key;
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
  return pointerHere && !LEFT_ALONE.has(key) && !key.startsWith("arrow");
}

// Inside the desk: a button reached by Tab is pressed by Space, an edge is moved by arrows.
function isOwnKey(target, key, here) {
  if (!here) return false;
  if (target.matches?.(".words-text") && (key.startsWith("arrow") || key === "enter")) return true; // its own cursor
  if (key.startsWith("arrow")) return target.getAttribute?.("role") === "slider";
  if (PRESSES.has(key) && target.closest?.(".menu")) return true; // opened by the mouse, its first choice has the focus without a ring
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
