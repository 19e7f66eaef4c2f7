// Which stretches of the recording were played here: noted while they play, told to the server now and then.

import { NoAnswer } from "../state/api.js";

const TELL_EVERY_MS = 10_000;
const NEAR_S = 0.5; // gaps the server closes anyway
const SLACK_S = 0.3; // further on than time has passed: a seek, not playing
const MOST_TOLD = 1_000;

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

export class Listened {
  /** @param {any} desk */
  constructor(desk) {
    this.desk = desk;
    /** @type {Range|null} what is being played */
    this.now = null;
    this.at = 0; // when `now` grew last
    /** @type {Range[]} played, and not told yet */
    this.fresh = [];
    /** @type {Range[]} what the server knows from here */
    this.told = [];
    this.toldAt = performance.now();
    const { video } = desk.player;
    const { gone } = desk;
    // a hidden tab draws no frames, but may play on
    video.addEventListener("timeupdate", () => this.frame(), { signal: gone });
    video.addEventListener("pause", () => this.tell(), { signal: gone });
    video.addEventListener("seeking", () => this.close(), { signal: gone });
    document.addEventListener("visibilitychange", () => document.hidden && this.tell(), { signal: gone });
    window.addEventListener("pagehide", () => this.tell(), { signal: gone });
  }

  /** One frame of the screen: a few comparisons. */
  frame() {
    const { video } = this.desk.player;
    if (video.paused || video.seeking) return;
    const time = performance.now();
    const at = video.currentTime;
    const { now } = this;
    const most = ((time - this.at) / 1000) * video.playbackRate + SLACK_S;
    if (now && at >= now.end_s && at - now.end_s <= most) {
      now.end_s = at;
    } else {
      this.close();
      this.now = { start_s: at, end_s: at };
    }
    this.at = time;
    if (time - this.toldAt > TELL_EVERY_MS) this.tell();
  }

  /** What was being played is played. */
  close() {
    const { now } = this;
    this.now = null;
    if (now && now.end_s > now.start_s && !covers(this.told, now)) putIn(this.fresh, now);
  }

  /** Tell the server what it does not know yet; what it does not take is told with the next. */
  tell() {
    this.toldAt = performance.now();
    const going = this.now;
    this.close();
    if (going) this.now = { start_s: going.end_s, end_s: going.end_s };
    const ranges = this.fresh.splice(0, MOST_TOLD);
    if (!ranges.length) return;
    const rounded = ranges.map((r) => ({ start_s: Number(r.start_s.toFixed(3)), end_s: Number(r.end_s.toFixed(3)) }));
    const sent = rounded.filter((r) => r.end_s > r.start_s);
    if (!sent.length) return;
    this.desk.store.api.listened(sent).then(
      () => ranges.forEach((r) => putIn(this.told, r)),
      (error) => error instanceof NoAnswer && ranges.forEach((r) => putIn(this.fresh, r)),
    );
  }

  end() {
    this.tell();
  }
}
