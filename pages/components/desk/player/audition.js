// Edge audition: plays the first and last seconds of the clip, then those just outside it.

import { setText } from "../dom.js";
import { lengthOf, spanOf } from "../rules/rules.js";
import { playedRanges } from "./player.js";

/** @typedef {import("../rules/rules.js").Range} Range */
/** @typedef {{name: string, ranges: Range[]}} Piece */

const PIECE_S = 2;
const GAP_MS = 150; // enough to hear where a piece ends and the next begins
const TOO_SHORT_S = 0.05;

/** The first `seconds` of ranges. @param {Range[]} ranges @param {number} seconds @returns {Range[]} */
export function headOf(ranges, seconds) {
  const out = [];
  let left = seconds;
  for (const { start_s, end_s } of ranges) {
    if (left <= 0) break;
    out.push({ start_s, end_s: Math.min(end_s, start_s + left) });
    left -= end_s - start_s;
  }
  return out;
}

/** The last `seconds` of ranges. @param {Range[]} ranges @param {number} seconds @returns {Range[]} */
export function tailOf(ranges, seconds) {
  const out = [];
  let left = seconds;
  for (let i = ranges.length - 1; i >= 0 && left > 0; i -= 1) {
    const { start_s, end_s } = ranges[i];
    out.unshift({ start_s: Math.max(start_s, end_s - left), end_s });
    left -= end_s - start_s;
  }
  return out;
}

/**
 * The pieces an audition plays, in order; none where the recording ends at an edge.
 * @param {Range[]} ranges as the clip plays them @param {number} duration @returns {Piece[]}
 */
export function piecesOf(ranges, duration) {
  const { start_s, end_s } = spanOf(ranges);
  const short = lengthOf(ranges) <= PIECE_S;
  const pieces = [
    { name: short ? "The clip" : "First 2 s", ranges: headOf(ranges, PIECE_S) },
    { name: "Last 2 s", ranges: short ? [] : tailOf(ranges, PIECE_S) },
    { name: "Before the start", ranges: [{ start_s: Math.max(0, start_s - PIECE_S), end_s: start_s }] },
    { name: "After the end", ranges: [{ start_s: end_s, end_s: Math.min(duration, end_s + PIECE_S) }] },
  ];
  return pieces.filter((piece) => lengthOf(piece.ranges) > TOO_SHORT_S);
}

export class Audition {
  /** @param {any} desk */
  constructor(desk) {
    this.desk = desk;
    this.label = desk.find(".piece");
    this.number = -1; // of the piece that plays; -1 while there is no audition
    this.back = 0;
    this.viewBefore = { from: 0, to: 0 }; // what the timeline showed
    this.timer = 0;
    desk.player.onTouched = () => this.end();
  }

  get running() {
    return this.number >= 0;
  }

  /** Start the audition; while one goes on, skip to its next piece. */
  next() {
    const { desk } = this;
    if (!desk.store.span || !desk.player.ready) return;
    if (!this.running) [this.back, this.viewBefore] = [desk.player.time, { from: desk.view.from, to: desk.view.to }];
    this.play(this.number + 1);
  }

  play(number) {
    clearTimeout(this.timer);
    const { player, store } = this.desk;
    const piece = store.selected && piecesOf(playedRanges(store, store.selected), store.project.duration)[number];
    if (!piece) return this.end();
    this.number = number;
    setText(this.label, piece.name);
    player.between = false;
    player.along(piece.ranges, "piece", undefined, null, () => this.pause());
  }

  pause() {
    this.desk.player.between = true;
    this.timer = setTimeout(() => this.play(this.number + 1), GAP_MS);
  }

  // the timeline followed what was played, perhaps to where it shows neither the playhead nor the clip
  lookBack() {
    const { view, timeline } = this.desk;
    if (this.back >= view.from && this.back <= view.to) return;
    view.glide(this.viewBefore.from, this.viewBefore.to);
    timeline.redraw();
  }

  /** End the audition: the playhead goes back to where it was. @returns {boolean} whether there was one */
  end() {
    if (!this.running) return false;
    clearTimeout(this.timer);
    this.number = -1;
    setText(this.label, "");
    const { player } = this.desk;
    player.between = false;
    player.leave();
    player.rest();
    player.seek(this.back);
    this.lookBack();
    return true;
  }
}
