// Which stretches of the recording were played here: noted while they play, told to the server now and then.

import { NoAnswer } from "../state/api.js";

const SEND_EVERY_MS = 10_000;
const NEAR_S = 0.5; // gaps the server closes anyway
const SLACK_S = 0.3; // further on than time has passed: a seek, not playing
const MAX_RANGES = 1_000;

/** @typedef {import("../rules/rules.js").Range} Range */

/**
 * Put a range into a list that is in order and apart; what it comes near to becomes one with it.
 * @param {Range[]} list @param {Range} range
 */
export function putIn(list, range) {
  let first = list.length;
  while (first > 0 && list[first - 1].end_s >= range.start_s - NEAR_S) first -= 1;
  let last = first;
  const one = { start_s: range.start_s, end_s: range.end_s };
  while (last < list.length && list[last].start_s <= range.end_s + NEAR_S) {
    one.start_s = Math.min(one.start_s, list[last].start_s);
    one.end_s = Math.max(one.end_s, list[last].end_s);
    last += 1;
  }
  list.splice(first, last - first, one);
}

/** Whether a list that is in order holds all of a range. @param {Range[]} list @param {Range} range */
export function covers(list, range) {
  return list.some((r) => r.start_s <= range.start_s && range.end_s <= r.end_s);
}

export class ListenedRanges {
  /** @param {any} desk */
  constructor(desk) {
    this.desk = desk;
    /** @type {Range|null} what is being played */
    this.now = null;
    this.at = 0; // when `now` grew last
    /** @type {Range[]} played, and not told yet */
    this.unsent = [];
    /** @type {Range[]} what the server knows from here */
    this.sent = [];
    this.sentAt = performance.now();
    const { video } = desk.player;
    const { gone } = desk;
    // a hidden tab draws no frames, but may play on
    video.addEventListener("timeupdate", () => this.frame(), { signal: gone });
    video.addEventListener("pause", () => this.send(), { signal: gone });
    video.addEventListener("seeking", () => this.close(), { signal: gone });
    document.addEventListener("visibilitychange", () => document.hidden && this.send(), { signal: gone });
    window.addEventListener("pagehide", () => this.send(), { signal: gone });
  }

  /** One frame of the screen: a few comparisons. */
  frame() {
    const { video } = this.desk.player;
    if (video.paused || video.seeking) return;
    const time = performance.now();
    const at = video.currentTime;
    const { now } = this;
    const reach = ((time - this.at) / 1000) * video.playbackRate + SLACK_S;
    if (now && at >= now.end_s && at - now.end_s <= reach) {
      now.end_s = at;
    } else {
      this.close();
      this.now = { start_s: at, end_s: at };
    }
    this.at = time;
    if (time - this.sentAt > SEND_EVERY_MS) this.send();
  }

  /** What was being played is played. */
  close() {
    const { now } = this;
    this.now = null;
    if (now && now.end_s > now.start_s && !covers(this.sent, now)) putIn(this.unsent, now);
  }

  /** Tell the server what it does not know yet; what it does not take is told with the next. */
  send() {
    this.sentAt = performance.now();
    const going = this.now;
    this.close();
    if (going) this.now = { start_s: going.end_s, end_s: going.end_s };
    const ranges = this.unsent.splice(0, MAX_RANGES);
    if (!ranges.length) return;
    const rounded = ranges.map((r) => ({ start_s: Number(r.start_s.toFixed(3)), end_s: Number(r.end_s.toFixed(3)) }));
    const real = rounded.filter((r) => r.end_s > r.start_s);
    if (!real.length) return;
    this.desk.store.api.listened(real).then(
      () => ranges.forEach((r) => putIn(this.sent, r)),
      (error) => error instanceof NoAnswer && ranges.forEach((r) => putIn(this.unsent, r)),
    );
  }

  end() {
    this.send();
  }
}
