// Pure rules of the desk: where an edge may go, what comes next. Times are seconds of the recording.

/** @typedef {{start_s: number, end_s: number}} Range */
/** @typedef {"in"|"out"} Side */
/** @typedef {import("../state/api.js").Clip} Clip */

export const LEAD_S = 0.15; // left before the first word, so that it does not start abruptly
export const TAIL_S = 0.25; // left after the last word, so that it rings out
export const MIN_PART_S = 0.3; // an edge never comes closer to the other one; parts shorter than this vanish
export const REACH_S = 0.6; // how far an edge in speech looks for a good place
const EDGE_S = 0.02; // this near, a cut is at the recording's own start or end
const JOINED_S = 1.5; // a gap between two clips that is filled when they are joined

/** True if something from outside this script is a list of ranges, each with a start and an end. @param {any} value */
export function areRanges(value) {
  const whole = (r) => Number.isFinite(r?.start_s) && Number.isFinite(r?.end_s) && r.start_s < r.end_s;
  return Array.isArray(value) && value.length > 0 && value.every(whole);
}

/** The nearest millisecond, since the API's times are whole milliseconds. @param {number} s */
export function toMs(s) {
  return Math.round(s * 1000) / 1000;
}

/** @param {number} value @param {number} low @param {number} high */
export function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

/**
 * The number of sorted items before the first that `test` refuses (binary search).
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
 * The good place for a cut in a silence. A silence too short for both lead and tail is divided between them. The server
 * snaps by the same rule, so that an edge dragged here keeps its grade when it is saved.
 * @param {Side} side @param {Range} silence
 */
export function legalCut(side, silence) {
  const { start_s, end_s } = silence;
  const shared = Math.floor((Math.round((end_s - start_s) * 1000) * TAIL_S) / (LEAD_S + TAIL_S) + 1e-6) / 1000;
  if (toMs(end_s - start_s) < LEAD_S + TAIL_S) return toMs(start_s + shared);
  return toMs(side === "in" ? end_s - LEAD_S : start_s + TAIL_S);
}

/** The silence in which a moment lies, or null. @template {Range} S @param {S[]} silences @param {number} at */
export function silenceAt(silences, at) {
  const near = 0.0005;
  const i = countWhile(silences, (s) => s.start_s <= at + near) - 1;
  return [silences[i - 1], silences[i]].find((s) => s && at <= s.end_s + near) ?? null;
}

/** @typedef {{magnet?: number, reach?: number, low?: number, high?: number, duration?: number, from?: number|null}} Hand */

/**
 * The moment at which an edge dragged to `at` comes to rest, always between `low` and `high`. In speech: the nearest good
 * place within `reach`, else `at`. Inside a silence: `at`, unless the good place there is within `magnet`; but an edge that
 * began in this silence (`from`) is not pulled back, or it could not be moved by little. The recording's own start and end
 * are good places too.
 * @param {Side} side @param {number} at @param {Range[]} silences @param {Hand} [hand] seconds
 */
export function snap(side, at, silences, hand = {}) {
  const { magnet = 0, reach = Infinity, low = -Infinity, high = Infinity, duration = Infinity, from = null } = hand;
  const here = toMs(clamp(at, low, high));
  const inside = silenceAt(silences, here);
  const own = side === "in" && Number.isFinite(duration) ? 0 : duration;
  const after = countWhile(silences, (s) => s.start_s <= here);
  const near = inside ? [inside] : [silences[after - 1], silences[after]].filter(Boolean);
  const places = [...near.map((s) => legalCut(side, s)), own];
  const fits = places.filter((x) => Number.isFinite(x) && x >= low && x <= high && Math.abs(x - here) <= (inside ? magnet : reach));
  const isCaught = from !== null && inside && from >= inside.start_s && from <= inside.end_s && Math.abs(here - from) <= magnet;
  if (isCaught || !fits.length) return here;
  return fits.reduce((best, x) => (Math.abs(x - here) < Math.abs(best - here) ? x : best));
}

/**
 * The good places for an edge between two moments, in order; of those closer together than `apart`, the first.
 * @param {Side} side @param {number} from @param {number} to @param {Range[]} silences @param {number} [apart]
 */
export function placesIn(side, from, to, silences, apart = 0) {
  const out = [];
  for (let i = countWhile(silences, (s) => s.end_s < from); i < silences.length && silences[i].start_s <= to; i += 1) {
    const at = legalCut(side, silences[i]);
    if (at >= from && at <= to && (!out.length || at - out[out.length - 1] >= apart)) out.push(at);
  }
  return out;
}

/** True if a cut needs no silence there, because the recording itself starts or ends. @param {Side} side */
export function atOwnEdge(side, at, duration) {
  return side === "in" ? at <= EDGE_S : at >= duration - EDGE_S;
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

/** The range from the first moment to the last. @param {Range[]} ranges @returns {Range} */
export function spanOf(ranges) {
  return { start_s: ranges[0].start_s, end_s: ranges[ranges.length - 1].end_s };
}

/** The length of the ranges together. @param {Range[]} ranges */
export function lengthOf(ranges) {
  return ranges.reduce((sum, r) => sum + r.end_s - r.start_s, 0);
}

/** The moments between which an edge may go: in the recording, off its opposite edge, not into another part.
 * @param {Range[]} ranges @param {Side} side @param {number} duration @param {number} [part] its range; else the outer one
 * @returns {{low: number, high: number}} */
export function boundsOf(ranges, side, duration, part = side === "in" ? 0 : ranges.length - 1) {
  const own = ranges[part];
  if (side === "in") return { low: ranges[part - 1]?.end_s ?? 0, high: Math.max(0, toMs(own.end_s - MIN_PART_S)) };
  return { low: toMs(own.start_s + MIN_PART_S), high: ranges[part + 1]?.start_s ?? duration };
}

/**
 * The ranges with one edge moved, as far as it may go.
 * @param {Range[]} ranges @param {Side} side @param {number} at @param {number} duration
 * @param {number} [part] the range it belongs to; else the outer edge @returns {Range[]}
 */
export function withEdge(ranges, side, at, duration, part = side === "in" ? 0 : ranges.length - 1) {
  const { low, high } = boundsOf(ranges, side, duration, part);
  const moved = plainRanges(ranges);
  moved[part][side === "in" ? "start_s" : "end_s"] = toMs(clamp(at, low, high));
  return moved;
}

/** Ranges as the API takes them, at whole milliseconds. @param {Range[]} ranges @returns {Range[]} */
export function roundedRanges(ranges) {
  return ranges.map((r) => ({ start_s: toMs(r.start_s), end_s: toMs(r.end_s) }));
}

/** @param {Range[]} ranges @returns {Range[]} */
function plainRanges(ranges) {
  return ranges.map((r) => ({ start_s: r.start_s, end_s: r.end_s }));
}

/**
 * The ranges without another one. Parts too short to be heard vanish. @param {Range[]} ranges @param {Range} cut
 * @returns {Range[]}
 */
export function without(ranges, cut) {
  const touched = (r) => r.start_s < cut.end_s && r.end_s > cut.start_s;
  const rest = (r) => [
    { start_s: r.start_s, end_s: toMs(Math.min(r.end_s, cut.start_s)) },
    { start_s: toMs(Math.max(r.start_s, cut.end_s)), end_s: r.end_s },
  ];
  return plainRanges(ranges).flatMap((r) => (touched(r) ? rest(r).filter((p) => p.end_s - p.start_s >= MIN_PART_S - 0.0005) : [r]));
}

/** The ranges with the gap after one of them closed again. @param {Range[]} ranges @param {number} part */
export function putBack(ranges, part) {
  const out = plainRanges(ranges);
  const next = out[part + 1];
  if (next) out.splice(part, 2, { start_s: out[part].start_s, end_s: next.end_s });
  return out;
}

/** The gaps that are cut out between the parts of a clip. @param {Range[]} ranges @returns {Range[]} */
export function gapsOf(ranges) {
  return ranges.slice(1).map((r, i) => ({ start_s: ranges[i].end_s, end_s: r.start_s }));
}

/**
 * The ranges of two clips as one: all of both, and the gap between them where it is short. What was cut out stays out.
 * @param {Range[]} one @param {Range[]} other @returns {Range[]}
 */
export function joinedRanges(one, other) {
  const [first, second] = one[0].start_s <= other[0].start_s ? [one, other] : [other, one];
  const end = first[first.length - 1].end_s;
  const start = second[0].start_s;
  const between = start > end && start - end <= JOINED_S + 0.0005 ? [{ start_s: end, end_s: start }] : [];
  const all = plainRanges([...first, ...between, ...second]).sort((a, b) => a.start_s - b.start_s);
  return all.reduce((out, r) => {
    const last = out[out.length - 1];
    if (last && r.start_s <= last.end_s) last.end_s = Math.max(last.end_s, r.end_s);
    else out.push(r);
    return out;
  }, /** @type {Range[]} */ ([]));
}

/**
 * The ranges divided at a moment; null where a half would be shorter than `minimum`, or the moment is not in them.
 * @param {Range[]} ranges @param {number} at @param {number} minimum @returns {[Range[], Range[]]|null}
 */
export function halves(ranges, at, minimum) {
  const before = without(ranges, { start_s: at, end_s: Infinity });
  const after = without(ranges, { start_s: -Infinity, end_s: at });
  return lengthOf(before) >= minimum - 0.0005 && lengthOf(after) >= minimum - 0.0005 ? [before, after] : null;
}

/**
 * The place to divide a clip near a moment: the nearest good start within reach, else the moment itself; null where a half
 * would be shorter than `minimum`. @param {Range[]} ranges @param {number} at @param {Range[]} silences @param {number} minimum
 */
export function splitPlace(ranges, at, silences, minimum) {
  const good = placesIn("in", at - REACH_S, at + REACH_S, silences).sort((a, b) => Math.abs(a - at) - Math.abs(b - at));
  return [...good, toMs(at)].find((place) => halves(ranges, place, minimum)) ?? null;
}

/** @param {Range[]} a @param {Range[]} b */
export function sameRanges(a, b) {
  const close = (x, y) => Math.abs(x - y) < 0.0015;
  return a.length === b.length && a.every((r, i) => close(r.start_s, b[i].start_s) && close(r.end_s, b[i].end_s));
}

/**
 * The next undecided clip after this one, from the start again at the end; null when there is none.
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
  const start = clamp(snap("in", at, silences, { magnet: 0.5 }), 0, Math.max(0, duration - 1));
  const snapped = snap("out", Math.min(duration, start + want), silences, { magnet: 0.5 });
  const end = clamp(snapped, Math.min(duration, start + 1), duration);
  return { start_s: toMs(start), end_s: toMs(end) };
}

/** The number of the word spoken at a moment, or just before; -1 if none.
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

/** @typedef {{start_s: number, end_s: number}[]} Words */

function middleOf(word) {
  return (word.start_s + word.end_s) / 2;
}

/**
 * The start of a range that begins with a word: in the pause before it, else just before the word. Never so early that the
 * word before would be heard. @param {Words} words @param {number} number @param {Range[]} silences
 */
export function placeBefore(words, number, silences) {
  const word = words[number];
  if (!word) return null;
  const low = number ? middleOf(words[number - 1]) + 0.001 : 0;
  const good = placesIn("in", low, middleOf(word), silences).pop();
  const just = number ? Math.max(low, Math.min(word.start_s, (words[number - 1].end_s + word.start_s) / 2)) : word.start_s;
  return toMs(good ?? Math.max(just, word.start_s - LEAD_S));
}

/** The end of a range that closes with a word; see `placeBefore`. @param {Words} words @param {number} number @param {Range[]} silences */
export function placeAfter(words, number, silences) {
  const word = words[number];
  if (!word) return null;
  const high = words[number + 1] ? middleOf(words[number + 1]) - 0.001 : Infinity;
  const [good] = placesIn("out", middleOf(word) + 0.001, high, silences);
  const next = words[number + 1];
  const just = next ? Math.min(high, Math.max(word.end_s, (word.end_s + next.start_s) / 2)) : word.end_s;
  return toMs(good ?? Math.min(just, word.end_s + TAIL_S));
}

/** @param {Range[]} ranges @param {{start_s: number, end_s: number}} word */
export function holds(ranges, word) {
  const middle = middleOf(word);
  return ranges.some((r) => middle >= r.start_s && middle < r.end_s);
}
