// The handles at the edges of the open clip: where they are, what they say, how they are dragged and moved by keys.

import { make, setAttributes, setText } from "../dom.js";
import { GRADE, clock, evidence } from "../rules/format.js";
import { clamp } from "../rules/rules.js";

/** @typedef {import("../rules/rules.js").Side} Side */
/** @typedef {import("./edges.js").Edge} Edge */

const CLOSE_PX = 170; // nearer together, the flags of two handles would cover each other
const MOVED_PX = 2;
const MAX_PAN_PX = 60; // beyond the timeline's side, by which its speed grows

export class Handles {
  /** @param {any} desk @param {HTMLElement} track */
  constructor(desk, track) {
    this.desk = desk;
    this.outer = { in: desk.find(".handle-in"), out: desk.find(".handle-out") };
    this.outer.in.dataset.part = "0";
    /** @type {HTMLElement[]} at the edges of gaps */
    this.inner = [];
    this.listen(track);
  }

  /** Each edge of the open clip with its handle. @returns {{edge: Edge, handle: HTMLElement}[]} */
  get pairs() {
    let used = 0;
    return this.desk.edges.all.map((edge) => {
      if (edge.outer) return { edge, handle: this.outer[edge.side] };
      const handle = this.inner[used] ?? this.newHandle();
      used += 1;
      return { edge, handle };
    });
  }

  newHandle() {
    const handle = make("div", "handle inner");
    handle.setAttribute("role", "slider");
    handle.tabIndex = 0;
    const flag = make("span", "flag");
    flag.append(make("i", "mark"), make("span", ""));
    handle.append(flag);
    this.outer.out.before(handle); // Tab goes from edge to edge in their order
    this.inner.push(handle);
    return handle;
  }

  // --- showing

  /** Put the handles where the edges are. */
  place() {
    const { view, edges } = this.desk;
    const { pairs } = this;
    const close = pairs.length > 0 && view.x(pairs.at(-1).edge.at) - view.x(pairs[0].edge.at) < CLOSE_PX;
    for (const { edge, handle } of pairs) {
      const x = view.x(edge.at);
      handle.style.transform = `translateX(${x}px)`;
      handle.classList.toggle("away", x < -2 || x > view.width + 2);
      handle.classList.toggle("outward", edge.outer && close);
      handle.classList.toggle("active", edges.isActive(edge.side, edge.part));
    }
  }

  /** Write on the handles where the edges are, and how good they are as cuts. */
  describe() {
    const { store, edges } = this.desk;
    const { pairs } = this;
    for (const side of ["in", "out"]) this.outer[side].hidden = !pairs.length;
    for (const { edge, handle } of pairs) this.write(handle, edge, edges.certificate(edge.side, edge.at), store.project.duration);
    for (const spare of this.inner.splice(pairs.filter(({ edge }) => !edge.outer).length)) {
      if (spare === this.desk.activeElement()) this.desk.focusQuietly();
      spare.remove();
    }
  }

  /** @param {HTMLElement} handle @param {Edge} edge @param {import("../state/api.js").Cut} cut @param {number} duration */
  write(handle, edge, cut, duration) {
    const [mark, time] = handle.querySelector(".flag").children;
    const why = evidence(cut);
    setText(mark, GRADE[cut.grade]);
    setText(time, clock(edge.at, 2));
    const name = edge.side === "in" ? `Start of part ${edge.part + 1}` : `End of part ${edge.part + 1}`;
    setAttributes(handle, {
      "data-side": edge.side,
      "data-part": String(edge.part),
      "data-grade": cut.grade,
      title: `${GRADE[cut.grade]} ${cut.grade}: ${why}`,
      "aria-label": edge.outer ? (edge.side === "in" ? "Start of the clip" : "End of the clip") : name,
      "aria-valuemin": "0",
      "aria-valuemax": duration.toFixed(2),
      "aria-valuenow": edge.at.toFixed(2),
      "aria-valuetext": `${clock(edge.at, 2)}, ${cut.grade} cut: ${why}`,
    });
    if (!edge.outer) handle.dataset.testid = `desk-handle-${edge.side}-${edge.part + 1}`;
  }

  // --- moving

  /** @param {HTMLElement} track */
  listen(track) {
    const onHandle = (run) => (event) => {
      /** @type {HTMLElement|null} */
      const handle = event.target.closest?.(".handle");
      if (handle) run(event, /** @type {Side} */ (handle.dataset.side), Number(handle.dataset.part), handle);
    };
    track.addEventListener("pointerdown", onHandle((event, side, part, handle) => this.press(event, side, part, handle)));
    track.addEventListener("keydown", onHandle((event, side, part) => this.onKey(event, side, part)));
    track.addEventListener("focusin", onHandle((_event, side, part) => this.focused(side, part)));
  }

  press(event, side, part, handle) {
    if (!this.desk.store.selected || event.button > 0) return;
    event.preventDefault();
    event.stopPropagation();
    handle.focus({ preventScroll: true });
    handle.setPointerCapture(event.pointerId);
    this.desk.edges.take(side, part);
    new EdgeDrag(this.desk, handle, side, event);
  }

  onKey(event, side, part) {
    const { store, edges, player } = this.desk;
    const direction = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    if (!direction || event.ctrlKey || event.metaKey || !store.selected) return;
    event.preventDefault();
    event.stopPropagation();
    edges.take(side, part);
    const far = event.shiftKey || event.key === "ArrowUp" || event.key === "ArrowDown";
    if (far) return edges.step(direction, side);
    edges.move(side, edges.at(side) + direction * player.frame, true);
    if (!player.playing) edges.show(side);
  }

  focused(side, part) {
    const { edges, view, timeline } = this.desk;
    edges.take(side, part);
    const at = edges.at(side);
    if (at < view.from || at > view.to) view.glide(at - view.span / 2, at + view.span / 2);
    timeline.redraw();
  }
}

/** The active edge in the hand, from the press to the release. */
class EdgeDrag {
  /** @param {any} desk @param {HTMLElement} handle @param {Side} side @param {PointerEvent} event the press */
  constructor(desk, handle, side, event) {
    this.desk = desk;
    this.side = side;
    this.clip = desk.store.selected;
    this.before = desk.edges.at(side);
    this.offset = desk.view.t(desk.timeline.placeOf(event).x) - this.before;
    this.first = event;
    this.latest = event;
    this.moved = false;
    this.listening = new AbortController();
    desk.timeline.held = true;
    const { signal } = this.listening;
    handle.addEventListener("pointermove", (next) => this.move(next), { signal });
    handle.addEventListener("pointerup", () => this.end(false), { signal });
    handle.addEventListener("pointercancel", () => this.end(true), { signal });
  }

  /** @param {PointerEvent} event */
  move(event) {
    this.latest = event;
    if (!this.moved && Math.abs(event.clientX - this.first.clientX) < MOVED_PX) return;
    this.moved = true;
    this.desk.timeline.dragging = true;
    this.desk.eachFrame = () => this.follow(); // pointers report more often than the screen draws
    this.desk.ask();
  }

  /** Move the edge to the pointer. @returns {boolean} whether the timeline moves along, since the pointer is beyond its side */
  follow() {
    const { view, timeline, edges, player } = this.desk;
    const { x } = timeline.placeOf(this.latest);
    const beyond = x < 0 ? x : Math.max(0, x - view.width);
    if (beyond) view.pan(clamp(beyond, -MAX_PAN_PX, MAX_PAN_PX) * view.perPixel * 0.25);
    const free = view.t(clamp(x, 0, view.width)) - this.offset;
    edges.move(this.side, this.latest.altKey ? free : edges.resting(this.side, free, this.before), false);
    if (!player.playing) edges.show(this.side);
    return Boolean(beyond);
  }

  /** @param {boolean} cancelled */
  end(cancelled) {
    const { timeline, edges, store } = this.desk;
    this.listening.abort();
    if (this.moved && !cancelled) this.follow();
    this.desk.eachFrame = null;
    timeline.held = false;
    if (!this.moved) return;
    timeline.dragging = false;
    timeline.redraw();
    if (cancelled) edges.move(this.side, this.before, true);
    else store.pending.commitSoon(this.clip.id);
    store.topics.tell("draft"); // now at rest, so other places for it are looked up
  }
}
