// The edges of the open clip, outer ones and those of gaps inside it: where they are, and every way to move one.

import { certify } from "../rules/certify.js";
import { REACH_S, boundsOf, clamp, placesIn, sameRanges, snap, stepCut, toMs, withEdge, without } from "../rules/rules.js";

/** @typedef {"in"|"out"} Side */
/** @typedef {{side: Side, part: number, at: number, outer: boolean}} Edge */

export const MAGNET_PX = 9;
export const REACH_PX = 40;
const TICK_PX = 5; // good places drawn closer together could not be told apart

export class Edges {
  /** @param {any} desk */
  constructor(desk) {
    this.desk = desk;
    /** @type {Side} the edge that keys move and play around */
    this.active = "in";
    /** @type {{clip: string, part: number}|null} where the active edge is one of a gap */
    this.inner = null;
  }

  /** Every edge of the open clip in order. @returns {Edge[]} */
  get all() {
    const ranges = this.desk.ranges ?? [];
    return ranges.flatMap((r, part) => [
      { side: "in", part, at: r.start_s, outer: part === 0 },
      { side: "out", part, at: r.end_s, outer: part === ranges.length - 1 },
    ]);
  }

  /** The range the active edge belongs to, if that is not an outer edge; else null. */
  get innerPart() {
    const { inner } = this;
    if (!inner || inner.clip !== this.desk.store.selectedId) return null;
    return this.all.some((e) => !e.outer && e.side === this.active && e.part === inner.part) ? inner.part : null;
  }

  /** The range that a side of the clip belongs to: the active edge's own, else the outer one. @param {Side} side */
  partOf(side) {
    const count = this.desk.ranges?.length ?? 1;
    const outer = side === "in" ? 0 : count - 1;
    return side === this.active ? (this.innerPart ?? outer) : outer;
  }

  /** @param {Side} side @param {number} part */
  isActive(side, part) {
    return side === this.active && part === this.partOf(side);
  }

  /** @param {Side} side @param {number} [part] */
  at(side, part = this.partOf(side)) {
    const range = this.desk.ranges?.[part];
    return range ? (side === "in" ? range.start_s : range.end_s) : 0;
  }

  /** @param {Side} side @param {number|null} [part] its range where it is not an outer edge */
  activate(side, part = null) {
    const id = this.desk.store.selectedId;
    if (this.active === side && this.innerPart === part) return;
    this.active = side;
    this.inner = part === null || !id ? null : { clip: id, part };
    this.desk.lastAround = null;
    this.desk.timeline.redraw();
    this.desk.store.topics.tell("draft");
  }

  /** @param {Side} side @param {number} part */
  take(side, part) {
    const outer = part === (side === "in" ? 0 : (this.desk.ranges?.length ?? 1) - 1);
    this.activate(side, outer ? null : part);
  }

  /** The certificate of an edge: the version's own, else the server's for this place, else one made here. @param {Side} side @param {number} at */
  certificate(side, at) {
    const { store, alternatives } = this.desk;
    const stored = store.selected?.cuts.find((c) => c.side === side && Math.abs(c.at_s - at) < 0.0015);
    return stored ?? alternatives.certificate(side, at) ?? certify(side, at, store.project.silences, store.project.transcript, store.project.duration);
  }

  /** Show the frame at an edge: the first of the clip, or its last. @param {Side} side */
  show(side) {
    this.desk.player.moveTo(side === "in" ? this.at("in") : this.at("out") - 0.001);
  }

  goTo(side) {
    if (!this.desk.store.span) return;
    this.activate(side);
    this.desk.player.pause();
    this.show(side);
  }

  /** @param {Side} side @param {number} at @param {boolean} save @param {number} [part] */
  move(side, at, save, part = this.partOf(side)) {
    const clip = this.desk.store.selected;
    if (!clip) return;
    const now = this.desk.store.pending.rangesOf(clip);
    const next = withEdge(now, side, at, this.desk.store.project.duration, part);
    if (!sameRanges(now, next)) this.desk.store.pending.draft(clip, next);
    if (save) this.desk.store.pending.commitSoon(clip.id);
  }

  /** The moment at which an edge in the hand comes to rest. @param {Side} side @param {number} hand @param {number|null} [from] where it was taken */
  resting(side, hand, from = null) {
    const { view, store } = this.desk;
    const reach = Math.max(REACH_S, REACH_PX * view.perPixel);
    const bounds = boundsOf(this.desk.ranges, side, store.project.duration, this.partOf(side));
    return snap(side, hand, store.project.silences, { magnet: MAGNET_PX * view.perPixel, reach, duration: store.project.duration, from, ...bounds });
  }

  /** The good places in view for the active edge. */
  places() {
    const { view, store, ranges } = this.desk;
    if (!ranges) return [];
    const { low, high } = boundsOf(ranges, this.active, store.project.duration, this.partOf(this.active));
    return placesIn(this.active, Math.max(low, view.from), Math.min(high, view.to), store.project.silences, TICK_PX * view.perPixel);
  }

  /** @param {import("../rules/rules.js").Range[]} ranges */
  set(ranges) {
    const { store, view } = this.desk;
    const clip = store.selected;
    if (!clip || sameRanges(store.pending.rangesOf(clip), ranges)) return;
    store.pending.edit(clip, ranges);
    const { start_s, end_s } = store.span;
    if (start_s < view.from || end_s > view.to) view.fit(store.span);
    this.desk.timeline.redraw();
  }

  setHere(side) {
    const span = this.desk.store.span;
    if (!span) return;
    const at = this.desk.player.time;
    this.activate(side);
    if (side === "in" ? at >= span.end_s : at <= span.start_s) {
      const text = side === "in" ? "The start has to come before the end." : "The end has to come after the start.";
      return this.desk.store.notices.say({ text, tone: "info" });
    }
    const shorter = side === "in" ? { start_s: -Infinity, end_s: at } : { start_s: at, end_s: Infinity };
    const next = without(this.desk.ranges, shorter); // parts beyond the new edge go
    if (next.length && this.desk.ranges.length > next.length) return this.set(next);
    this.move(side, at, true);
  }

  /** Move the active edge to the silence before or after. @param {1|-1} direction @param {Side} [side] */
  step(direction, side = this.active) {
    if (!this.desk.store.span) return;
    if (side !== this.active) this.activate(side);
    const { low, high } = boundsOf(this.desk.ranges, side, this.desk.store.project.duration, this.partOf(side));
    const to = stepCut(side, this.at(side), direction, this.desk.store.project.silences);
    if (to === null) return this.desk.store.notices.say({ text: "There is no silence further on.", tone: "info" });
    if (clamp(to, low, high) === toMs(this.at(side))) {
      return this.desk.store.notices.say({ text: "There is no silence before the next edge.", tone: "info" });
    }
    this.moveTo(side, to);
  }

  /** Move an edge by a key: it is saved soon, and the player shows its frame. @param {Side} side @param {number} to */
  moveTo(side, to) {
    this.move(side, to, true);
    const at = this.at(side);
    if (at < this.desk.view.from || at > this.desk.view.to) this.desk.fitClip();
    if (!this.desk.player.playing) this.show(side);
  }
}
