// The certificate of a cut by what the browser knows. It is made by the server's own rules (clipper_core/stages), so that an
// edge under the hand has the grade it will have when it rests. Whole milliseconds inside.

import { atOwnEdge, countWhile, silenceAt } from "./rules.js";

/** @typedef {import("./rules.js").Side} Side */
/** @typedef {import("../state/api.js").Cut} Cut */
/** @typedef {import("../state/api.js").Transcript} Transcript */
/** @typedef {{gap: number|null, boundary: boolean|null, cutWord: string}} Beside */

const CLEAN_MS = 180;
const MARGIN_MS = 30;
const WORD_SLACK_MS = 30;
const MAX_OVERLAP = 8;

const ms = (s) => Math.round(s * 1000);

/**
 * @param {Side} side @param {number} at_s @param {import("../state/api.js").SilenceMap["silences"]} silences
 * @param {Transcript|null} transcript @param {number} duration seconds @returns {Cut}
 */
export function certify(side, at_s, silences, transcript, duration) {
  const silence = silenceAt(silences, at_s);
  const words = beside(side, ms(at_s), transcript);
  const own = atOwnEdge(side, at_s, duration);
  const grade = gradeOf(ms(at_s), silence, words, own);
  return {
    at_s,
    side,
    silence_start_s: silence?.start_s ?? null,
    silence_end_s: silence?.end_s ?? null,
    level_db: silence?.level_db ?? null,
    gap_to_word_ms: words.gap,
    sentence_boundary: words.boundary,
    grade,
    reason: reasonOf(side, silence, words, own),
  };
}

/** The words beside a cut; none where the words are not trusted. @returns {Beside} */
function beside(side, at, transcript) {
  const none = { gap: null, boundary: null, cutWord: "" };
  if (!transcript || transcript.draft) return none;
  const { words } = transcript;
  const after = countWhile(words, (w) => ms(w.start_s) < at);
  const cutWord = dividedWord(words, after, at);
  const number = side === "in" ? firstFrom(words, after, at) : lastUntil(words, after, at);
  const word = words[number];
  if (!word?.timed) return { ...none, cutWord };
  const gap = side === "in" ? ms(word.start_s) - at : at - ms(word.end_s);
  return { gap: Math.max(0, gap), boundary: atBoundary(number, side, transcript.sentences), cutWord };
}

const twiceMiddle = (word) => ms(word.start_s) + ms(word.end_s);

function firstFrom(words, after, at) {
  for (let i = Math.max(0, after - MAX_OVERLAP); i < after; i += 1) if (twiceMiddle(words[i]) >= 2 * at) return i;
  return after;
}

function lastUntil(words, after, at) {
  let i = after - 1;
  while (i >= 0 && twiceMiddle(words[i]) >= 2 * at) i -= 1;
  return i;
}

function dividedWord(words, after, at) {
  for (let i = Math.max(0, after - MAX_OVERLAP); i < after; i += 1) {
    const { timed, start_s, end_s, text } = words[i];
    if (timed && ms(start_s) + WORD_SLACK_MS < at && at < ms(end_s) - WORD_SLACK_MS) return text;
  }
  return "";
}

function atBoundary(number, side, sentences) {
  if (!sentences.length) return null;
  const edge = side === "in" ? "first_word" : "last_word";
  return sentences[countWhile(sentences, (s) => s[edge] < number)]?.[edge] === number;
}

function gradeOf(at, silence, words, own) {
  if (own) return "clean";
  if (!silence) return "poor";
  const [start, end] = [ms(silence.start_s), ms(silence.end_s)];
  const roomy = end - start >= CLEAN_MS && start + MARGIN_MS <= at && at <= end - MARGIN_MS;
  return roomy && !words.cutWord && words.boundary !== false ? "clean" : "fair";
}

function reasonOf(side, silence, words, own) {
  const starts = side === "in";
  const parts = [];
  if (own) parts.push(starts ? "the recording starts here" : "the recording ends here");
  else if (!silence) parts.push("no silence here");
  if (silence) {
    const long = ms(silence.end_s) - ms(silence.start_s);
    parts.push(`silence ${fixed(long / 1000, 2)} s at ${fixed(silence.level_db, 0)} dB`);
    if (long < CLEAN_MS) parts.push("short");
  }
  if (words.cutWord) parts.push(silence ? `near the word \u201c${words.cutWord}\u201d` : `the word \u201c${words.cutWord}\u201d is cut`);
  if (words.gap !== null) parts.push(`${starts ? "first" : "last"} word ${words.gap} ms away`);
  if (words.boundary !== null) parts.push(words.boundary ? (starts ? "sentence starts" : "sentence ends") : "in the middle of a sentence");
  return parts.join(", ");
}

// A number as the server writes it: halves are rounded to the even digit. Otherwise a certificate would change as it is saved.
function fixed(value, decimals) {
  const scaled = value * 10 ** decimals;
  const low = Math.floor(scaled);
  const tie = scaled - low === 0.5 && Number.isInteger(value * 2 ** (decimals + 1));
  if (!tie) return value.toFixed(decimals);
  return ((low % 2 ? low + 1 : low) / 10 ** decimals).toFixed(decimals);
}
