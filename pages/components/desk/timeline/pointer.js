// Pointers and wheels on the timeline: seek, scrub, pan, zoom, mark ranges, pick neighbours.

import { REACH_S, clamp, countWhile, snap, toMs } from "../rules/rules.js";
import { MAGNET_PX, REACH_PX } from "./edges.js";
import { laneAt } from "./timeline.js";

const CLICK_PX = 4;
const WHEEL_REST_MS = 260; // a scroll of the page that reaches the timeline goes on scrolling the page
const MIN_MARK_S = 0.1;
const LONG_PRESS_MS = 450; // after which a resting finger begins a mark

/** @typedef {{kind: "scrub"|"pan"|"mark", lane: string, x: number, from: number, moved: boolean, anchor: number}} Drag
 *   `x`: where it began, in CSS pixels; `from`: where the view began then; `anchor`: the moment under the pointer */
/** @typedef {{kind: "pinch", apart: number, span: number, at: number}} Pinch the fingers' distance, the view's span, and the moment between */

/** Everything a pointer does on the canvas of the timeline. */
export class CanvasPointer {
  /** @param {any} desk */
  constructor(desk) {
    this.desk = desk;
    /** @type {Map<number, number>} fingers on the canvas */
    this.fingers = new Map();
    /** @type {Drag|Pinch|null} */
    this.drag = null;
    this.pressTimer = 0;
    const { canvas } = desk.timeline;
    canvas.addEventListener("pointerdown", (event) => this.down(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", (event) => this.up(event));
    canvas.addEventListener("pointercancel", (event) => this.up(event));
    canvas.addEventListener("dblclick", () => desk.store.span && desk.fitClip());
  }

  /** @param {PointerEvent} event */
  down(event) {
    const { view, timeline } = this.desk;
    const { x, y } = timeline.placeOf(event);
    if (event.button > 1) return;
    timeline.canvas.setPointerCapture(event.pointerId);
    timeline.held = true;
    const isTouch = event.pointerType === "touch";
    if (isTouch) this.touch(event.pointerId, x);
    if (this.drag?.kind === "pinch") return;
    const kind = event.shiftKey ? "mark" : event.button === 1 || isTouch ? "pan" : "scrub";
    this.drag = { kind, lane: laneAt(y), x, from: view.from, moved: false, anchor: view.t(x) };
    clearTimeout(this.pressTimer);
    if (isTouch) this.pressTimer = setTimeout(() => this.longPress(), LONG_PRESS_MS);
    event.preventDefault();
    this.desk.focusQuietly();
  }

  touch(id, x) {
    const { view } = this.desk;
    this.fingers.set(id, x);
    if (this.fingers.size === 2) this.drag = { kind: "pinch", apart: this.apart, span: view.span, at: view.t(this.between) };
  }

  longPress() {
    if (this.drag?.kind === "pan" && !this.drag.moved) this.drag.kind = "mark";
  }

  /** The distance of two fingers. */
  get apart() {
    const [a, b] = [...this.fingers.values()];
    return Math.max(20, Math.abs(a - b));
  }

  /** The middle between the fingers. */
  get between() {
    return [...this.fingers.values()].reduce((sum, x) => sum + x, 0) / this.fingers.size;
  }

  /** @param {PointerEvent} event */
  move(event) {
    const { drag } = this;
    if (!drag) return;
    const { view, timeline, player, marks } = this.desk;
    const { x } = timeline.placeOf(event);
    if (this.fingers.has(event.pointerId)) this.fingers.set(event.pointerId, x);
    if (drag.kind === "pinch") return this.pinch(drag);
    drag.moved ||= Math.abs(x - drag.x) >= CLICK_PX;
    if (!drag.moved) return;
    const panned = drag.from - (x - drag.x) * view.perPixel;
    if (drag.kind === "pan") view.set(panned, panned + view.span);
    const at = view.t(clamp(x, 0, view.width));
    if (drag.kind === "scrub" && drag.lane !== "clips") player.moveTo(at);
    if (drag.kind === "mark") marks.set(this.marked(drag.anchor, at, event.altKey));
    timeline.redraw();
  }

  /** @param {Pinch} pinch */
  pinch({ span, apart, at }) {
    const { view, timeline } = this.desk;
    if (this.fingers.size < 2) return;
    const wide = (span * apart) / this.apart;
    const part = this.between / view.width;
    view.set(at - part * wide, at + (1 - part) * wide);
    timeline.redraw();
  }

  /** The mark from the start of the drag to the pointer, at good places where some are near. @param {number} anchor @param {number} at @param {boolean} isFree */
  marked(anchor, at, isFree) {
    const { view, store } = this.desk;
    const { silences, duration } = store.project;
    const hand = { start_s: toMs(Math.min(anchor, at)), end_s: toMs(Math.max(anchor, at)), words: null };
    if (isFree) return hand;
    const near = { magnet: MAGNET_PX * view.perPixel, reach: Math.max(REACH_S, REACH_PX * view.perPixel), duration };
    const start_s = snap("in", hand.start_s, silences, near);
    const end_s = snap("out", hand.end_s, silences, near);
    return end_s - start_s >= MIN_MARK_S ? { start_s, end_s, words: null } : hand;
  }

  /** @param {PointerEvent} event */
  up(event) {
    const { timeline, marks } = this.desk;
    this.fingers.delete(event.pointerId);
    const { drag } = this;
    timeline.held = false;
    if (!drag || (drag.kind === "pinch" && this.fingers.size)) return;
    this.drag = null;
    clearTimeout(this.pressTimer);
    timeline.redraw();
    if (event.type === "pointercancel" || drag.kind === "pinch") return;
    if (drag.kind === "mark") return marks.finish(MIN_MARK_S);
    if (!drag.moved) this.click(drag);
  }

  /** @param {Drag} drag that did not move */
  click({ lane, x }) {
    if (lane === "clips" && this.pick(x)) return;
    if (lane === "words") return this.seekWord(x);
    this.desk.player.moveTo(this.desk.view.t(x));
  }

  /** Open the clip at a place; where several are, the next of them. @param {number} x @returns {boolean} whether there is one */
  pick(x) {
    const { view, store } = this.desk;
    const t = view.t(x);
    const near = 3 * view.perPixel;
    const isAt = (clip) => store.pending.rangesOf(clip).some((r) => t >= r.start_s - near && t <= r.end_s + near);
    const clips = (store.project.clips ?? []).filter(isAt);
    const here = clips.findIndex((c) => c.id === store.selectedId);
    if (clips.length) this.desk.open(clips[(here + 1) % clips.length].id);
    return clips.length > 0;
  }

  seekWord(x) {
    const { view, store, player } = this.desk;
    const words = store.project.transcript?.words ?? [];
    const t = view.t(x);
    const i = countWhile(words, (w) => w.start_s <= t) - 1;
    player.moveTo(i >= 0 && t < words[i].end_s + 0.3 ? words[i].start_s : t);
  }
}

/** Zoom at the pointer by the wheel; pan by a sideways wheel, or with Shift. @param {any} desk */
export function listenToWheel(desk) {
  const { timeline, view } = desk;
  const { track } = timeline;
  let elsewhere = -Infinity; // when the page was scrolled last
  const onPage = (event) => {
    if (!event.composedPath().includes(track)) elsewhere = event.timeStamp;
  };
  const onTrack = (event) => {
    if (event.timeStamp - elsewhere < WHEEL_REST_MS && !event.ctrlKey) {
      elsewhere = event.timeStamp;
      return;
    }
    const unit = event.deltaMode === 1 ? 24 : 1;
    const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) view.pan(sideways * unit * view.perPixel);
    else if (event.deltaY > 0 && view.isWhole) return; // nothing wider: the page may scroll on
    else {
      const speed = event.ctrlKey ? 0.01 : 0.0022; // a pinch on a touchpad comes as a wheel with Ctrl, in smaller steps
      view.zoom(Math.exp(clamp(event.deltaY * unit, -240, 240) * speed), view.t(timeline.placeOf(event).x));
    }
    event.preventDefault();
    timeline.redraw();
  };
  window.addEventListener("wheel", onPage, { passive: true, capture: true, signal: desk.gone });
  track.addEventListener("wheel", onTrack, { passive: false });
}
