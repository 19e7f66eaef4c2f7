// The transcript around the open clip; the word being heard is lit, a click goes to a word.

import { isWorking } from "./known.js";
import { sentenceOf, wordAt } from "./rules.js";
import { setText } from "./stage.js";

export class Words {
  /** @param {any} desk */
  constructor(desk) {
    this.desk = desk;
    this.box = desk.find(".words");
    this.text = desk.find(".words-text");
    this.draft = desk.find(".words-draft");
    this.shown = "";
    /** @type {Map<number, HTMLElement>} */
    this.spans = new Map();
    this.current = -1;
    this.text.addEventListener("click", (event) => {
      const word = /** @type {HTMLElement} */ (event.target).closest?.("[data-word]");
      const words = desk.store.transcript?.words;
      if (word && words) desk.player.moveTo(words[Number(word.dataset.word)].start_s);
    });
  }

  /** Which sentences to show: those of the clip and one on each side; far from it, those being heard. */
  range() {
    const { store, player } = this.desk;
    const { words, sentences } = store.transcript;
    const at = player.time;
    let span = store.span;
    if (!span || at < span.start_s - 20 || at > span.end_s + 20) span = { start_s: at, end_s: at };
    const first = sentenceOf(sentences, before(words, span.start_s));
    const last = sentenceOf(sentences, before(words, span.end_s - 0.01));
    return [Math.max(0, first - 1), Math.min(sentences.length - 1, last + 1)];
  }

  frame() {
    const { store } = this.desk;
    if (!store.transcript?.words.length || !store.transcript.sentences.length) return;
    const [first, last] = this.range();
    const ranges = store.selected ? store.rangesOf(store.selected) : [];
    const key = [store.transcript.revision, first, last, ...ranges.map((r) => `${r.start_s}-${r.end_s}`)].join();
    if (key !== this.shown) this.build(first, last, ranges, key);
    this.light(wordAt(store.transcript.words, this.desk.player.time));
  }

  build(first, last, ranges, key) {
    this.shown = key;
    this.current = -1;
    this.spans.clear();
    const { words, sentences } = this.desk.store.transcript;
    const out = document.createDocumentFragment();
    let was = false;
    for (let i = sentences[first].first_word; i <= sentences[last].last_word && words[i]; i += 1) {
      const middle = (words[i].start_s + words[i].end_s) / 2;
      const inside = ranges.some((r) => middle >= r.start_s && middle < r.end_s);
      if (inside !== was) out.append(Object.assign(document.createElement("b"), { className: "edge" }), " ");
      was = inside;
      const span = document.createElement("span");
      span.dataset.word = String(i);
      span.textContent = words[i].text;
      span.className = inside ? "inside" : "";
      this.spans.set(i, span);
      out.append(span, " ");
    }
    if (was) out.append(Object.assign(document.createElement("b"), { className: "edge" }));
    this.text.replaceChildren(out);
  }

  light(word) {
    if (word === this.current) return;
    this.spans.get(this.current)?.classList.remove("now");
    this.current = word;
    const span = this.spans.get(word);
    if (!span) return;
    span.classList.add("now");
    const top = span.offsetTop - this.text.offsetTop;
    const { scrollTop, clientHeight } = this.text;
    if (top < scrollTop || top + span.offsetHeight > scrollTop + clientHeight) {
      this.text.scrollTo({ top: Math.max(0, top - clientHeight / 3), behavior: this.desk.view.still ? "auto" : "smooth" });
    }
  }

  update() {
    const { transcript, project } = this.desk.store;
    const some = Boolean(transcript?.words.length);
    this.box.hidden = !some && !project?.player;
    setText(this.draft, some && transcript.draft ? "Draft words: good enough to find your way, not to quote." : "");
    if (some) return;
    this.shown = "";
    const working = project && isWorking(project);
    const text = transcript ? reasonForNone(project) : working ? "The words appear here when they are transcribed." : "This recording has no transcript.";
    setText(this.text, text);
  }
}

// why a transcript has no words, as far as the work on it said so
function reasonForNone(project) {
  const said = (project?.warnings ?? []).find((w) => w.code === "not_understood" || w.code === "no_speech");
  return said ? said.message : "No words were understood in this recording.";
}

// the number of the last word that starts before a moment
function before(words, at) {
  let low = 0;
  let high = words.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (words[middle].start_s <= at) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}
