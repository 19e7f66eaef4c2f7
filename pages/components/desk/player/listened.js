// The ranges of the recording that were played here: noted while they play, sent to the server now and then.

import { NoAnswer } from "../state/api.js";

const SEND_EVERY_MS = 10_000;
const NEAR_S = 0.5; // the server closes smaller gaps anyway
const SLACK_S = 0.3; // a jump further ahead than time has passed by this much is a seek, not playing
const MAX_RANGES = 1_000;

/** @typedef {import("../rules/rules.js").Range} Range */

/**
 * Put a range into a list of ranges that are in order and apart; those near it become one with it.
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

/** True if one range of a list holds all of another. @param {Range[]} list @param {Range} range */
export function covers(list, range) {
  return list.some((r) => r.start_s <= range.start_s && range.end_s <= r.end_s);
}

export class ListenedRanges {
  /** @param {any} desk */
  constructor(desk) {
    this.desk = desk;
    /** @type {Range|null} the range being played */
    this.now = null;
    this.at = 0; // when `now` grew last
    /** @type {Range[]} played, and not sent yet */
    this.unsent = [];
    /** @type {Range[]} stored by the server */
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

  /** Playing stopped, or jumped: the range ends. */
  close() {
    const { now } = this;
    this.now = null;
    if (now && now.end_s > now.start_s && !covers(this.sent, now)) putIn(this.unsent, now);
  }

  /** Send what was not sent yet; without an answer it is sent with the next. */
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
