// Plays the recording: freely, or along a plan of ranges that stops exactly at its end.
//
// A browser prepares sound some time before it is heard, and whatever records the element gets it at that earlier time. So a
// stop has two moments: at the first, nothing more of the recording may be prepared; at the second, what was prepared has
// been heard.

import { clamp, countWhile, spanOf } from "../rules/rules.js";

/** @typedef {import("../rules/rules.js").Range} Range */
/** @typedef {{ranges: Range[], index: number, loop: boolean, back: number|null, name: "clip"|"around"|"mark"|"piece",
 *   done?: () => void}} Plan */

const TIMER_SLACK_S = 0.002; // timers are late by about this much
const HUSH_RATE = 0.0625; // the slowest rate there is: a tenth of a second holds six thousandths of sound, too deep to be heard
const AT_END_S = 0.06;
const MAX_SHUTTLE = 4;

/**
 * The ranges that are heard of a clip, in order. Player, audition and pictures all ask here, so anything else that a render
 * leaves out, such as tightened pauses, is to be left out here.
 * @param {any} store @param {import("../state/api.js").Clip|null} clip @returns {Range[]}
 */
export function playedRanges(store, clip) {
  return clip ? store.pending.rangesOf(clip) : [];
}

/** The time by which sound is prepared before it is heard: as long as a start takes until the clock moves. */
class Lead {
  constructor() {
    this.seconds = 0;
    /** @type {number[]} */
    this.lags = [];
    this.reset();
  }

  reset() {
    this.since = null;
    this.samples = [];
  }

  /** @param {number} now in ms @param {number} from where in the recording */
  begin(now, from) {
    this.since = now;
    this.from = from;
    this.samples = [];
  }

  /** Playing could not begin before a moment. @param {number} when in ms */
  notBefore(when) {
    if (this.since !== null) this.since = Math.max(this.since, when);
  }

  /** Measure while playing. @param {number} at where in the recording it is @param {number} rate */
  look(at, rate) {
    if (this.since === null) return;
    const moved = (at - this.from) / rate;
    if (moved < 0 || moved > 2) return this.reset();
    if (moved < 0.2) return; // the first moments, while buffers fill, say too little
    this.samples.push((performance.now() - this.since) / 1000 - moved);
    if (moved > 0.4) this.take(clamp(medianOf(this.samples), 0, 0.4));
  }

  take(lag) {
    this.reset();
    // a different lag twice in a row means another loudspeaker; once, that the computer was busy
    const other = (one) => Math.abs(one - this.seconds) > 0.035;
    if (other(lag) && this.lags.length && other(this.lags[this.lags.length - 1])) this.lags = [];
    this.lags = [...this.lags, lag].slice(-5);
    this.seconds = medianOf(this.lags);
  }
}

/** @param {number[]} values at least one */
function medianOf(values) {
  return [...values].sort((a, b) => a - b)[(values.length - 1) >> 1];
}

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
    this.seekTarget = null; // a seek that waits for the one under way
    this.lastTick = 0;
    this.frame = 1 / 25;
    this.lead = new Lead();
    this.hushedUntil = 0; // ms; 0 while sound is prepared as usual
    this.timer = 0;
    this.between = false; // in the gap between two pieces of an audition
    this.onChange = () => {};
    this.onBlocked = () => {};
    /** Called before each action of the reviewer on the player. @type {() => boolean} true where it took the action */
    this.onTouched = () => false;
    for (const name of ["play", "pause", "seeked", "loadedmetadata", "ratechange", "ended", "playing"]) {
      video.addEventListener(name, (event) => this.onMedia(name, event.timeStamp));
    }
    // a hidden tab draws no frames, but still has to stop at the end of a clip
    video.addEventListener("timeupdate", () => this.follow());
  }

  end() {
    clearTimeout(this.timer);
    this.plan = null;
    this.video.pause();
    this.video.removeAttribute("src");
    this.video.load();
  }

  /** Open a file, at the place of the one before. @param {string} url */
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
    return !this.video.paused || this.shuttle < 0 || this.between;
  }

  /** The moment at which the playhead is, or is about to be. */
  get time() {
    return this.seekTarget ?? this.video.currentTime;
  }

  onMedia(name, when) {
    if ((name === "seeked" || name === "loadedmetadata") && this.seekTarget !== null) this.jump(this.seekTarget);
    if (name === "play" || name === "ratechange") this.lastTick = performance.now();
    if (name === "seeked" || name === "playing") this.lead.notBefore(when);
    if (name === "seeked") this.follow();
    if (name === "ended" && this.plan) this.past(this.plan);
    this.ask();
    this.onChange();
  }

  /** Move the playhead; of quick seeks only the last is done, so that scrubbing stays smooth. @param {number} at */
  seek(at) {
    const end = Number.isFinite(this.video.duration) ? this.video.duration : Infinity;
    const to = clamp(at, 0, end);
    if (!this.ready || this.video.seeking) this.seekTarget = to;
    else this.jump(to);
    this.ask();
    this.onChange();
  }

  jump(at) {
    this.seekTarget = null;
    if (Math.abs(this.video.currentTime - at) > 0.0004) this.video.currentTime = at;
  }

  /** Move the playhead by hand, which ends the plan. @param {number} at */
  moveTo(at) {
    this.onTouched();
    this.leave();
    this.stopShuttle();
    this.seek(at);
  }

  pause() {
    this.onTouched();
    this.rest();
  }

  rest() {
    this.stopShuttle();
    this.video.pause();
    this.unhush();
  }

  leave() {
    this.plan = null;
    clearTimeout(this.timer);
    this.unhush();
  }

  start(rate) {
    if (this.shuttle < 0) this.shuttle = 0;
    this.unhush();
    this.video.playbackRate = rate;
    if (this.video.paused) this.lead.begin(performance.now(), this.time);
    this.video.play().catch((error) => {
      if (error.name !== "NotAllowedError") return; // paused again, or another file: nothing to say
      this.leave();
      this.onBlocked();
      this.onChange();
    });
    this.follow();
  }

  stopShuttle() {
    this.shuttle = 0;
    this.video.playbackRate = this.speed;
  }

  /** @param {number} speed */
  setSpeed(speed) {
    this.speed = speed;
    this.lead.reset();
    this.unhush();
    if (!this.shuttle) this.video.playbackRate = speed;
    this.onChange();
  }

  setLoop(on) {
    this.loop = on;
    if (this.plan) this.plan.loop = on;
    this.onChange();
  }

  /** Play or pause. Started inside the clip, it stops at the clip's end; at the end, it starts the clip again. @param {Range[]|null} ranges */
  toggle(ranges) {
    if (this.onTouched()) return;
    if (this.playing) return this.rest();
    if (!ranges) return this.free();
    const { start_s, end_s } = spanOf(ranges);
    const at = this.time;
    if (at >= end_s - AT_END_S && at <= end_s + AT_END_S) return this.along(ranges, "clip");
    if (at > end_s) return this.free();
    if (at < start_s) return this.along([{ start_s: at, end_s: ranges[0].end_s }, ...ranges.slice(1)], "clip", ranges);
    const first = ranges.findIndex((r) => at < r.end_s);
    const rest = ranges.slice(first);
    const from = Math.max(at, rest[0].start_s);
    this.along([{ start_s: from, end_s: rest[0].end_s }, ...rest.slice(1)], "clip", ranges);
  }

  free() {
    this.leave();
    this.start(this.speed);
  }

  /**
   * Play ranges one after the other and stop at the end of the last.
   * @param {Range[]} ranges @param {Plan["name"]} name @param {Range[]} [whole] what a loop goes back to
   * @param {number|null} [back] where the playhead rests afterwards @param {() => void} [done] after the last
   */
  along(ranges, name, whole = ranges, back = null, done = undefined) {
    if (name !== "piece") this.onTouched();
    const skipped = whole.length - ranges.length;
    this.leave();
    this.stopShuttle();
    this.plan = { ranges: whole, index: skipped, loop: this.loop && name === "clip", back, name, done };
    if (Math.abs(this.time - ranges[0].start_s) > 0.002) this.seek(ranges[0].start_s);
    this.start(this.speed);
  }

  /** Play two seconds before and after an edge; the playhead comes back to it. @param {number} edge */
  around(edge) {
    const end = Number.isFinite(this.video.duration) ? this.video.duration : edge + 2;
    this.along([{ start_s: Math.max(0, edge - 2), end_s: Math.min(end, edge + 2) }], "around", undefined, edge);
  }

  /** Follow the ranges of the clip, which moved while it plays. @param {Range[]} ranges */
  replan(ranges) {
    if (this.plan?.name !== "clip") return;
    this.plan.ranges = ranges;
    this.plan.index = Math.min(countWhile(ranges, (r) => r.end_s <= this.time), ranges.length - 1);
    this.follow();
  }

  /** Play at the next speed of the shuttle: 1, 2, 4 times, and the same backwards. @param {1|-1} direction */
  shuttleStep(direction) {
    this.onTouched();
    const going = this.shuttle || (this.playing && direction > 0 ? 1 : 0);
    const faster = Math.min(Math.abs(going) * 2, MAX_SHUTTLE) || 1;
    const next = Math.sign(going) === direction ? direction * faster : direction;
    this.leave();
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
    if (to <= 0) this.rest();
  }

  /** Stop at the end of the range, or come back in time for it. */
  follow() {
    const { plan, video } = this;
    if (video.paused || video.seeking || this.seekTarget !== null) return;
    const at = video.currentTime;
    if (!this.hushedUntil) this.lead.look(at, video.playbackRate);
    if (!plan) return;
    const range = plan.ranges[plan.index];
    if (plan.index > 0 && at < range.start_s - 0.05) return this.jump(range.start_s); // cut out under the playhead
    if (range.end_s >= video.duration - 0.005 && at < video.duration) return; // the recording ends there by itself
    const left = (range.end_s - at) / this.speed;
    const now = performance.now();
    if (left <= TIMER_SLACK_S || (this.hushedUntil && now >= this.hushedUntil)) return this.past(plan);
    const ahead = left - this.lead.seconds;
    if (ahead <= TIMER_SLACK_S) this.hush(now + left * 1000);
    else if (ahead > 0.03) this.unhush(); // the end was moved away
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.follow(), Math.max(0, (this.hushedUntil ? left : ahead) * 1000 - 1));
  }

  /** Prepare next to nothing of the recording from now on; what is prepared is still heard. */
  hush(until) {
    if (this.hushedUntil) return;
    this.hushedUntil = until;
    this.video.preservesPitch = false;
    this.video.playbackRate = HUSH_RATE;
  }

  unhush() {
    if (!this.hushedUntil) return;
    this.hushedUntil = 0;
    this.video.preservesPitch = true;
    this.video.playbackRate = this.speed;
  }

  /** Go on after the end of a range: to the next one, from the start again, or stop. @param {Plan} plan */
  past(plan) {
    const range = plan.ranges[plan.index];
    const last = plan.index + 1 >= plan.ranges.length;
    clearTimeout(this.timer);
    if (last && !plan.loop) return this.finish(plan, range.end_s);
    plan.index = last ? 0 : plan.index + 1;
    this.jump(plan.ranges[plan.index].start_s);
    this.unhush();
    if (this.video.paused) this.start(this.speed); // it had come to the end of the recording
  }

  finish(plan, end) {
    this.video.pause();
    this.leave();
    // show the last frame of the clip, not the first after it
    this.jump(plan.back ?? end - 0.001);
    plan.done?.();
  }
}
