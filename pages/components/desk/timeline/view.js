// The part of the recording that the timeline shows.

import { clamp } from "../rules/rules.js";

const MIN_SPAN_S = 0.01; // single swings of a voice are seen then

export class View {
  constructor() {
    this.from = 0;
    this.to = 1;
    this.duration = 1;
    this.width = 1; // CSS pixels
    /** @type {{from: number, to: number}|null} where it is gliding to */
    this.goal = null;
    this.still = false; // whether the reviewer's system asks for less motion
  }

  get span() {
    return this.to - this.from;
  }

  get perPixel() {
    return this.span / this.width;
  }

  /** @param {number} t */
  x(t) {
    return ((t - this.from) / this.span) * this.width;
  }

  /** @param {number} x */
  t(x) {
    return this.from + (x / this.width) * this.span;
  }

  /** The nearest part that lies inside the recording. */
  fitted(from, to) {
    const span = clamp(to - from, Math.min(MIN_SPAN_S, this.duration), this.duration);
    const middle = (from + to) / 2;
    const start = clamp(middle - span / 2, 0, this.duration - span);
    return { from: start, to: start + span };
  }

  set(from, to) {
    this.goal = null;
    Object.assign(this, this.fitted(from, to));
  }

  glide(from, to) {
    const goal = this.fitted(from, to);
    if (this.still) Object.assign(this, goal);
    else this.goal = goal;
  }

  /** One step of a glide; true while it goes on. */
  step() {
    if (!this.goal) return false;
    const near = (this.goal.to - this.goal.from) / 400;
    this.from += (this.goal.from - this.from) * 0.32;
    this.to += (this.goal.to - this.to) * 0.32;
    if (Math.abs(this.goal.from - this.from) + Math.abs(this.goal.to - this.to) < near) this.set(this.goal.from, this.goal.to);
    return true;
  }

  /** @param {number} factor below 1 is closer @param {number} at stays where it is */
  zoom(factor, at, glide = false) {
    const base = this.goal ?? this;
    const span = clamp((base.to - base.from) * factor, Math.min(MIN_SPAN_S, this.duration), this.duration);
    const part = clamp((at - base.from) / (base.to - base.from), 0, 1);
    const from = clamp(at - part * span, 0, this.duration - span);
    if (glide) this.glide(from, from + span);
    else this.set(from, from + span);
  }

  pan(seconds) {
    this.set(this.from + seconds, this.to + seconds);
  }

  /** Show a clip with some room around it. @param {{start_s: number, end_s: number}} span */
  fit(span) {
    const air = Math.max(2, (span.end_s - span.start_s) * 0.14);
    this.glide(span.start_s - air, span.end_s + air);
  }

  whole() {
    this.glide(0, this.duration);
  }

  get isWhole() {
    return this.span >= this.duration - 0.001;
  }
}
