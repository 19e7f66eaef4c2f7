// Plays the recording: freely, or along a plan of ranges that stops exactly at its end.

import { clamp, spanOf } from "./rules.js";

/** @typedef {import("./rules.js").Range} Range */
/** @typedef {{ranges: Range[], index: number, loop: boolean, back: number|null, name: "clip"|"around"}} Plan */

const STOP_EARLY_S = 0.012; // less than a frame of the screen: what is heard ends at the cut, not after it
const AT_END_S = 0.06;
const FASTEST = 4;

export class Player {
  /** @param {HTMLVideoElement} video @param {() => void} ask asks for a frame */
  constructor(video, ask) {
    this.video = video;
    this.ask = ask;
    /** @type {Plan|null} */
    this.plan = null;
    this.loop = false;
    this.speed = 1;
    this.shuttle = 0; // -4 … 4; 0 is ordinary playing
    this.wanted = null; // a seek that waits for the one under way
    this.lastTick = 0;
    this.frame = 1 / 25;
    this.onChange = () => {};
    this.onRefused = () => {};
    for (const name of ["play", "pause", "seeked", "loadedmetadata", "ratechange", "ended"]) {
      video.addEventListener(name, () => this.heard(name));
    }
    // a hidden tab draws no frames, but still has to stop at the end of a clip
    video.addEventListener("timeupdate", () => document.hidden && this.follow());
  }

  /** Open a file, keeping the place. @param {string} url */
  load(url) {
    if (this.video.getAttribute("src") === url) return;
    const at = this.time;
    this.video.src = url;
    this.video.load();
    this.seek(at);
  }

  get ready() {
    return this.video.readyState >= 1;
  }

  get playing() {
    return !this.video.paused || this.shuttle < 0;
  }

  /** Where the playhead is, or is about to be. */
  get time() {
    return this.wanted ?? this.video.currentTime;
  }

  heard(name) {
    if ((name === "seeked" || name === "loadedmetadata") && this.wanted !== null) this.jump(this.wanted);
    if (name === "play" || name === "ratechange") this.lastTick = performance.now();
    this.ask();
    this.onChange();
  }

  /** Move the playhead; quick seeks are gathered so that scrubbing stays smooth. @param {number} at */
  seek(at) {
    const end = Number.isFinite(this.video.duration) ? this.video.duration : Infinity;
    const to = clamp(at, 0, end);
    if (!this.ready || this.video.seeking) this.wanted = to;
    else this.jump(to);
    this.ask();
    this.onChange();
  }

  jump(at) {
    this.wanted = null;
    if (Math.abs(this.video.currentTime - at) > 0.0004) this.video.currentTime = at;
  }

  /** Move the playhead by hand: whatever was planned is over. @param {number} at */
  moveTo(at) {
    this.plan = null;
    this.stopShuttle();
    this.seek(at);
  }

  pause() {
    this.stopShuttle();
    this.video.pause();
  }

  start(rate) {
    if (this.shuttle < 0) this.shuttle = 0;
    this.video.playbackRate = rate;
    this.video.play().catch((error) => {
      if (error.name === "NotAllowedError") this.onRefused();
    });
  }

  stopShuttle() {
    this.shuttle = 0;
    this.video.playbackRate = this.speed;
  }

  /** @param {number} speed */
  setSpeed(speed) {
    this.speed = speed;
    if (!this.shuttle) this.video.playbackRate = speed;
    this.onChange();
  }

  setLoop(on) {
    this.loop = on;
    if (this.plan) this.plan.loop = on;
    this.onChange();
  }

  /** Play or pause. Inside the clip it stops at its end; at its end it starts again. @param {Range[]|null} ranges */
  toggle(ranges) {
    if (this.playing) return this.pause();
    if (!ranges) return this.free();
    const { start_s, end_s } = spanOf(ranges);
    const at = this.time;
    if (at >= end_s - AT_END_S && at <= end_s + AT_END_S) return this.along(ranges, "clip");
    if (at > end_s) return this.free();
    if (at < start_s) return this.along([{ start_s: at, end_s: ranges[0].end_s }, ...ranges.slice(1)], "clip");
    const first = ranges.findIndex((r) => at < r.end_s);
    const rest = ranges.slice(first);
    const from = Math.max(at, rest[0].start_s);
    this.along([{ start_s: from, end_s: rest[0].end_s }, ...rest.slice(1)], "clip", ranges);
  }

  free() {
    this.plan = null;
    this.start(this.speed);
  }

  /**
   * Play ranges one after the other and stop at the end of the last.
   * @param {Range[]} ranges @param {"clip"|"around"} name @param {Range[]} [whole] what a loop goes back to
   * @param {number|null} [back] where the playhead rests afterwards
   */
  along(ranges, name, whole = ranges, back = null) {
    const skipped = whole.length - ranges.length;
    this.stopShuttle();
    this.plan = { ranges: whole, index: skipped, loop: this.loop && name === "clip", back, name };
    if (Math.abs(this.time - ranges[0].start_s) > 0.002) this.seek(ranges[0].start_s);
    this.start(this.speed);
  }

  /** Two seconds before and after an edge; the playhead comes back to it. @param {number} edge */
  around(edge) {
    const end = Number.isFinite(this.video.duration) ? this.video.duration : edge + 2;
    this.along([{ start_s: Math.max(0, edge - 2), end_s: Math.min(end, edge + 2) }], "around", undefined, edge);
  }

  /** The ranges of the clip moved while it plays. @param {Range[]} ranges */
  replan(ranges) {
    if (this.plan?.name !== "clip") return;
    this.plan.ranges = ranges;
    this.plan.index = Math.min(this.plan.index, ranges.length - 1);
  }

  /** The next step of a shuttle: 1, 2, 4 times, and the same backwards. @param {1|-1} direction */
  shuttleStep(direction) {
    const going = this.shuttle || (this.playing && direction > 0 ? 1 : 0);
    const faster = Math.min(Math.abs(going) * 2, FASTEST) || 1;
    const next = Math.sign(going) === direction ? direction * faster : direction;
    this.plan = null;
    if (next > 0) {
      this.start(next);
    } else {
      this.video.pause();
      this.lastTick = performance.now();
    }
    this.shuttle = next;
    this.ask();
    this.onChange();
  }

  /** @param {number} frames */
  step(frames) {
    this.pause();
    this.moveTo(this.time + frames * this.frame);
  }

  /** One frame of the screen; true while there will be more. @param {number} now */
  tick(now) {
    if (this.shuttle < 0) this.backwards(now);
    else if (!this.video.paused) this.follow();
    return this.playing || this.video.seeking;
  }

  // browsers do not play backwards: seek as fast as pictures come
  backwards(now) {
    const passed = Math.min(0.25, (now - this.lastTick) / 1000);
    if (this.video.seeking) return;
    this.lastTick = now;
    const to = this.video.currentTime + passed * this.shuttle;
    this.jump(Math.max(0, to));
    if (to <= 0) this.pause();
  }

  follow() {
    const plan = this.plan;
    if (!plan || this.video.seeking || this.wanted !== null) return;
    const range = plan.ranges[plan.index];
    if (this.video.currentTime < range.end_s - STOP_EARLY_S * this.video.playbackRate) return;
    const next = plan.ranges[plan.index + 1];
    if (next) plan.index += 1;
    else if (plan.loop) plan.index = 0;
    if (next || plan.loop) return this.jump(plan.ranges[plan.index].start_s);
    this.plan = null;
    this.video.pause();
    // the last frame that belongs to the clip, not the first after it
    this.jump(plan.back ?? range.end_s - 0.001);
  }
}
