// Pure rules of the desk: where an edge may go, what comes next. Times are seconds of the recording.

/** @typedef {{start_s: number, end_s: number}} Range */
/** @typedef {"in"|"out"} Side */
/** @typedef {import("./api.js").Clip} Clip */

export const LEAD_S = 0.15; // left before the first word, so that it does not start abruptly
export const TAIL_S = 0.25; // left after the last word, so that it rings out
export const SHORTEST_S = 0.3; // an edge never comes closer to the other one

/** The nearest millisecond, as the API speaks it. @param {number} s */
export function toMs(s) {
  return Math.round(s * 1000) / 1000;
}

/** @param {number} value @param {number} low @param {number} high */
export function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

/**
 * How many of the sorted items come before the first that `test` refuses (binary search).
 * @template T @param {T[]} items @param {(item: T) => boolean} test
 */
export function countWhile(items, test) {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (test(items[middle])) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The good place for a cut in a silence; one too short for both is shared out between tail and lead. It is the rule
 * by which the server snaps, so that what is dragged here is graded there as it looked.
 * @param {Side} side @param {Range} silence
 */
export function legalCut(side, silence) {
  const { start_s, end_s } = silence;
  if (end_s - start_s < LEAD_S + TAIL_S) return start_s + ((end_s - start_s) * TAIL_S) / (LEAD_S + TAIL_S);
  return side === "in" ? end_s - LEAD_S : start_s + TAIL_S;
}

/** The silence in which a moment lies, or null. @template {Range} S @param {S[]} silences @param {number} at */
export function silenceAt(silences, at) {
  const last = silences[countWhile(silences, (s) => s.start_s <= at + 0.0005) - 1];
  return last && at <= last.end_s + 0.0005 ? last : null;
}

/**
 * Where an edge dragged to `at` comes to rest: inside a silence where it is, unless the good place there is near
 * (`magnet` seconds); in speech, at the nearest good place. Without silences it stays.
 * @param {Side} side @param {number} at @param {Range[]} silences @param {number} magnet
 */
export function snap(side, at, silences, magnet) {
  const inside = silenceAt(silences, at);
  if (inside) {
    const good = legalCut(side, inside);
    return Math.abs(good - at) <= magnet ? good : at;
  }
  const after = countWhile(silences, (s) => s.start_s <= at);
  const near = [silences[after - 1], silences[after]].filter(Boolean).map((s) => legalCut(side, s));
  if (!near.length) return at;
  return near.reduce((best, x) => (Math.abs(x - at) < Math.abs(best - at) ? x : best));
}

/**
 * The next good place for an edge in one direction; null at the end of the recording.
 * @param {Side} side @param {number} at @param {1|-1} direction @param {Range[]} silences
 */
export function stepCut(side, at, direction, silences) {
  const near = 0.002;
  if (direction > 0) {
    const first = countWhile(silences, (s) => legalCut(side, s) <= at + near);
    return silences[first] ? legalCut(side, silences[first]) : null;
  }
  const before = countWhile(silences, (s) => legalCut(side, s) < at - near);
  return before ? legalCut(side, silences[before - 1]) : null;
}

/** From the first moment to the last. @param {Range[]} ranges @returns {Range} */
export function spanOf(ranges) {
  return { start_s: ranges[0].start_s, end_s: ranges[ranges.length - 1].end_s };
}

/** How long the ranges play. @param {Range[]} ranges */
export function lengthOf(ranges) {
  return ranges.reduce((sum, r) => sum + r.end_s - r.start_s, 0);
}

/**
 * The ranges with one outer edge moved, kept inside the recording and at least a little apart.
 * @param {Range[]} ranges @param {Side} side @param {number} at @param {number} duration @returns {Range[]}
 */
export function withEdge(ranges, side, at, duration) {
  const moved = ranges.map((r) => ({ start_s: r.start_s, end_s: r.end_s }));
  const first = moved[0];
  const last = moved[moved.length - 1];
  if (side === "in") first.start_s = toMs(clamp(at, 0, first.end_s - SHORTEST_S));
  else last.end_s = toMs(clamp(at, last.start_s + SHORTEST_S, duration));
  return moved;
}

/** @param {Range[]} a @param {Range[]} b */
export function sameRanges(a, b) {
  const close = (x, y) => Math.abs(x - y) < 0.0015;
  return a.length === b.length && a.every((r, i) => close(r.start_s, b[i].start_s) && close(r.end_s, b[i].end_s));
}

/**
 * The next clip nobody has decided on, after this one and round again; null when there is none.
 * @param {Clip[]} clips @param {string|null} id @param {(clip: Clip) => string} status
 */
export function nextUndecided(clips, id, status) {
  const here = clips.findIndex((c) => c.id === id);
  const round = [...clips.slice(here + 1), ...clips.slice(0, Math.max(0, here))];
  return round.find((c) => status(c) === "proposed") ?? null;
}

/**
 * A first range for a clip made by hand at `at`: from the silence before it to the one about `want` seconds later.
 * @param {number} at @param {number} duration @param {Range[]} silences @param {number} [want] @returns {Range}
 */
export function rangeAt(at, duration, silences, want = 30) {
  const start = clamp(snap("in", at, silences, 0.5), 0, Math.max(0, duration - 1));
  const snapped = snap("out", Math.min(duration, start + want), silences, 0.5);
  const end = clamp(snapped, Math.min(duration, start + 1), duration);
  return { start_s: toMs(start), end_s: toMs(end) };
}

/** The number of the word heard at a moment, or heard a blink before; -1 if none.
 * @param {{start_s: number, end_s: number}[]} words @param {number} at */
export function wordAt(words, at) {
  const i = countWhile(words, (w) => w.start_s <= at + 0.01) - 1;
  return i >= 0 && at < words[i].end_s + 0.2 ? i : -1;
}

/** The number of the sentence that holds a word or, between sentences, the one before.
 * @param {{first_word: number, last_word: number}[]} sentences @param {number} word */
export function sentenceOf(sentences, word) {
  return Math.max(0, countWhile(sentences, (s) => s.first_word <= word) - 1);
}
