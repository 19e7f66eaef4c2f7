// Pure rules of corrections: where words stand in a transcript, and what it reads once they are corrected. They are the
// server's own rules, so that the desk shows at once what will be stored.

import { countWhile } from "./rules.js";

/** @typedef {import("../state/api.js").Transcript} Transcript */
/** @typedef {import("../state/api.js").Word} Word */
/** @typedef {{first: number, end: number, texts: string[]}} Change the words from `first` up to `end` become `texts` */
/** @typedef {{was: string, text: string, at: number}} Edit the words that read `was` at a moment should read `text` */

const JOINERS = new Set("\u200c\u200d"); // parts of words in some scripts
// punctuation, but not what is part of a name, as in C#
const SURROUNDS = /^(?:(?![#%&@*/\\_])\p{P})*$/u;
const FOLLOWS = /^(?:['\u2019][sS])?(?:(?![#%&@*/\\_])\p{P})*$/u;
const DRESSED = /^((?:(?![#%&@*/\\_])\p{P})*)(.*?)((?:['\u2019][sS])?(?:(?![#%&@*/\\_])\p{P})*)$/su;

/** Typed text as words, without invisible characters. @param {string} text */
export function wordsOf(text) {
  const visible = text.normalize("NFC").replace(/(?![\u200c\u200d])\p{Cf}/gu, "").replace(/[\p{C}\p{Z}]/gu, (c) => (JOINERS.has(c) ? c : " "));
  return visible.split(" ").filter((word) => [...word].some((c) => !JOINERS.has(c)));
}

/** The text of some words. @param {Word[]} words @param {number} first @param {number} end */
export function reading(words, first, end) {
  return words.slice(first, end).map((w) => w.text).join(" ");
}

/**
 * The text to find and to replace everywhere, from a correction of one place: without the punctuation around it there.
 * @param {string} was @param {string} text @returns {{find: string, replace: string}}
 */
export function everywhere(was, text) {
  const [, lead, find, tail] = DRESSED.exec(was.normalize("NFC"));
  let replace = wordsOf(text).join(" ");
  if (lead && replace.startsWith(lead)) replace = replace.slice(lead.length);
  if (tail && replace.endsWith(tail)) replace = replace.slice(0, -tail.length);
  return { find, replace };
}

/**
 * The places where words stand together in one sentence, as whole words in the same case, with the characters around them.
 * @param {Transcript} transcript @param {string} find @returns {{first: number, end: number, lead: string, tail: string}[]}
 */
export function places(transcript, find) {
  const sought = wordsOf(find);
  if (!/[\p{L}\p{N}]/u.test(find)) return [];
  const { words } = transcript;
  const ends = new Set(sought.length > 1 ? transcript.sentences.map((s) => s.last_word) : []);
  const out = [];
  const plain = /^[\x20-\x7e]+$/.test(sought[0]); // such text has one Unicode form, so words need no normalising to be compared
  for (let first = 0; first + sought.length <= words.length; first += 1) {
    if (plain && !words[first].text.includes(sought[0])) continue;
    const around = aroundAt(words, first, sought, ends);
    if (!around) continue;
    out.push({ first, end: first + sought.length, ...around });
    first += sought.length - 1;
  }
  return out;
}

function aroundAt(words, first, sought, ends) {
  const surroundings = { lead: "", tail: "" };
  for (let i = 0; i < sought.length; i += 1) {
    const around = splitAround(words[first + i].text.normalize("NFC"), sought[i], i === 0, i === sought.length - 1);
    if (!around || (i < sought.length - 1 && ends.has(first + i))) return null;
    if (i === 0) [surroundings.lead] = around;
    if (i === sought.length - 1) [, surroundings.tail] = around;
  }
  return surroundings;
}

function splitAround(word, want, first, last) {
  for (let at = word.indexOf(want); at >= 0; at = word.indexOf(want, at + 1)) {
    const [lead, tail] = [word.slice(0, at), word.slice(at + want.length)];
    if ((first || !lead) && (last || !tail) && SURROUNDS.test(lead) && FOLLOWS.test(tail)) return [lead, tail];
  }
  return null;
}

/** @param {Transcript} transcript @param {string} find @param {string} replace @returns {Change[]} */
export function replacements(transcript, find, replace) {
  const fresh = wordsOf(replace);
  return places(transcript, find).map(({ first, end, lead, tail }) => {
    const texts = [...fresh];
    texts[0] = lead + texts[0];
    texts[texts.length - 1] += tail;
    return { first, end, texts };
  });
}

/**
 * The transcript with some of its words changed. New words share the time of those they replace.
 * @param {Transcript} transcript @param {Change[]} changes in order and apart @returns {Transcript}
 */
export function changedWords(transcript, changes) {
  const words = [];
  const moves = []; // of each change: the numbers of the old words, and of the new ones
  let at = 0;
  const keep = (until) => {
    for (; at < until; at += 1) words.push(transcript.words[at]);
  };
  for (const { first, end, texts } of changes) {
    keep(first);
    moves.push({ first, end, from: words.length, last: words.length + texts.length - 1 });
    words.push(...retimed(transcript.words.slice(first, end), texts));
    at = end;
  }
  keep(transcript.words.length);
  if (words.length === transcript.words.length && changes.every((c) => c.texts.length === c.end - c.first)) return { ...transcript, words };
  const sentences = transcript.sentences.map((s) => ({ first_word: movedTo(moves, s.first_word)[0], last_word: movedTo(moves, s.last_word)[1] }));
  return { ...transcript, words, sentences };
}

// the numbers of the first and the last word that replace an old one
function movedTo(moves, word) {
  const move = moves[countWhile(moves, (m) => m.first <= word) - 1];
  if (!move) return [word, word];
  const { first, end, from, last } = move;
  if (word >= end) return [word - end + last + 1, word - end + last + 1];
  return last - from === end - first - 1 ? [from + word - first, from + word - first] : [from, last];
}

function retimed(old, texts) {
  if (old.length === texts.length) return old.map((word, i) => ({ ...word, text: texts[i] }));
  const start = old[0].start_s;
  const long = Math.max(...old.map((w) => w.end_s)) - start;
  const total = texts.reduce((sum, text) => sum + text.length, 0);
  let chars = 0;
  return texts.map((text) => {
    const start_s = start + (long * chars) / total;
    chars += text.length;
    return { text, start_s, end_s: start + (long * chars) / total, timed: old.every((w) => w.timed) };
  });
}

/**
 * The number of the first of the words that read `was` at a moment; -1 where they read otherwise now.
 * @param {Word[]} words @param {string} was @param {number} at
 */
export function findReading(words, was, at) {
  const many = was.split(" ").length;
  for (let i = countWhile(words, (w) => w.start_s < at - 0.0005); i < words.length && words[i].start_s < at + 0.0005; i += 1) {
    if (reading(words, i, i + many) === was) return i;
  }
  return -1;
}

/** The changes some edits make, of words that still read as they did. @param {Transcript} t @param {Edit[]} edits @returns {Change[]} */
export function applicable(t, edits) {
  const located = edits.map(({ was, text, at }) => ({ first: findReading(t.words, was, at), was, text })).filter((e) => e.first >= 0);
  const changes = located.map(({ first, was, text }) => ({ first, end: first + was.split(" ").length, texts: wordsOf(text) }));
  return changes.sort((a, b) => a.first - b.first);
}

/** The text of the words in some ranges. @param {Word[]} words @param {import("./rules.js").Range[]} ranges */
export function textIn(words, ranges) {
  const texts = [];
  for (const { start_s, end_s } of ranges) {
    const first = Math.max(0, countWhile(words, (w) => w.start_s < start_s) - 8);
    for (let i = first; i < words.length && words[i].start_s < end_s; i += 1) {
      const middle = (words[i].start_s + words[i].end_s) / 2;
      if (middle >= start_s && middle < end_s) texts.push(words[i].text);
    }
  }
  return texts.join(" ");
}
