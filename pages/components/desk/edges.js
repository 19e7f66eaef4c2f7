// The two edges of the open clip: where they are, and every way to move one.

import { sameRanges, stepCut, withEdge } from "./rules.js";

/** @typedef {"in"|"out"} Side */

export class Edges {
  /** @param {any} desk */
  constructor(desk) {
    this.desk = desk;
    /** @type {Side} the one that steps and plays around */
    this.active = "in";
  }

  /** @param {"in"|"out"} side */
  at(side) {
    const span = this.desk.store.span;
    return span ? (side === "in" ? span.start_s : span.end_s) : 0;
  }

  activate(side) {
    if (this.active === side) return;
    this.active = side;
    this.desk.lastAround = null;
    this.desk.timeline.redraw();
    this.desk.store.tell("draft");
  }

  /** Show the frame at an edge: the first of the clip, or its last. @param {"in"|"out"} side */
  show(side) {
    this.desk.player.moveTo(side === "in" ? this.at("in") : this.at("out") - 0.001);
  }

  goTo(side) {
    if (!this.desk.store.span) return;
    this.activate(side);
    this.desk.player.pause();
    this.show(side);
  }

  /** @param {"in"|"out"} side @param {number} at @param {boolean} save */
  move(side, at, save) {
    const clip = this.desk.store.selected;
    if (!clip) return;
    const now = this.desk.store.rangesOf(clip);
    const next = withEdge(now, side, at, this.desk.store.duration);
    if (!sameRanges(now, next)) this.desk.store.draft(clip, next);
    if (save) this.desk.store.commitSoon(clip.id);
  }

  /** @param {import("./rules.js").Range[]} ranges */
  set(ranges) {
    const clip = this.desk.store.selected;
    if (!clip || sameRanges(this.desk.store.rangesOf(clip), ranges)) return;
    this.desk.store.edit(clip, ranges);
    this.desk.view.fit(this.desk.store.span);
  }

  setHere(side) {
    const span = this.desk.store.span;
    if (!span) return;
    const at = this.desk.player.time;
    this.activate(side);
    if (side === "in" ? at >= span.end_s : at <= span.start_s) {
      const text = side === "in" ? "The start has to come before the end." : "The end has to come after the start.";
      return this.desk.store.say({ text, tone: "info" });
    }
    this.move(side, at, true);
  }

  /** The active edge to the silence before or after. @param {1|-1} direction @param {"in"|"out"} [side] */
  step(direction, side = this.active) {
    if (!this.desk.store.span) return;
    this.activate(side);
    const to = stepCut(side, this.at(side), direction, this.desk.store.silences);
    if (to === null) return this.desk.store.say({ text: "There is no silence further on.", tone: "info" });
    this.move(side, to, true);
    const at = this.at(side);
    if (at < this.desk.view.from || at > this.desk.view.to) this.desk.fitClip();
    if (!this.desk.player.playing) this.show(side);
  }
}
