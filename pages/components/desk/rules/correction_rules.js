// Pure rules of corrected words: where a name stands, and what a transcript reads when it is put right. They are the
// server's own, so that what is seen at once is what it stores.

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

/** Typed text as words, without what nobody can see. @param {string} text */
export function wordsOf(text) {
  const visible = text.normalize("NFC").replace(/(?![\u200c\u200d])\p{Cf}/gu, "").replace(/[\p{C}\p{Z}]/gu, (c) => (JOINERS.has(c) ? c : " "));
  return visible.split(" ").filter((word) => [...word].some((c) => !JOINERS.has(c)));
}

/** What some words read. @param {Word[]} words @param {number} first @param {number} end */
export function reading(words, first, end) {
  return words.slice(first, end).map((w) => w.text).join(" ");
}

/**
 * What to look for and to put everywhere, from a correction of one place: without what stood around it there.
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
 * Where words stand together in one sentence, as whole words in this very case; with what stands around them.
 * @param {Transcript} transcript @param {string} find @returns {{first: number, end: number, lead: string, tail: string}[]}
 */
export function places(transcript, find) {
  const sought = wordsOf(find);
  if (!/[\p{L}\p{N}]/u.test(find)) return [];
  const { words } = transcript;
  const ends = new Set(sought.length > 1 ? transcript.sentences.map((s) => s.last_word) : []);
  const out = [];
  const plain = /^[\x20-\x7e]+$/.test(sought[0]); // then no word's other form can hold it
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
 * The transcript with some of its words changed; times go on belonging to what was heard.
 * @param {Transcript} transcript @param {Change[]} changes in order and apart @returns {Transcript}
 */
export function changedWords(transcript, changes) {
  const words = [];
  const moves = []; // of each change: which words were there, where the new ones stand, how far those after it moved
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

// where an old word stands now: the first and the last of what it became
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
 * The number of the first of the words that read `was` at a moment; -1 where they read otherwise by now.
 * @param {Word[]} words @param {string} was @param {number} at
 */
export function findReading(words, was, at) {
  const many = was.split(" ").length;
  for (let i = countWhile(words, (w) => w.start_s < at - 0.0005); i < words.length && words[i].start_s < at + 0.0005; i += 1) {
    if (reading(words, i, i + many) === was) return i;
  }
  return -1;
}

/** What some edits change, as far as those words still read as they did. @param {Transcript} t @param {Edit[]} edits @returns {Change[]} */
export function applicable(t, edits) {
  const located = edits.map(({ was, text, at }) => ({ first: findReading(t.words, was, at), was, text })).filter((e) => e.first >= 0);
  const changes = located.map(({ first, was, text }) => ({ first, end: first + was.split(" ").length, texts: wordsOf(text) }));
  return changes.sort((a, b) => a.first - b.first);
}

/** What is said in some ranges. @param {Word[]} words @param {import("./rules.js").Range[]} ranges */
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
