// The transcript around the open clip. The word being spoken is lit, a click goes to a word, a drag marks some, and with the
// focus here, arrows move a cursor over the words.

import { make, setAttributes, setText } from "../dom.js";
import { clamp, countWhile, holds, sentenceOf, wordAt } from "../rules/rules.js";
import { isWorking } from "../rules/status.js";

const PRESS_MS = 450; // after which a resting finger marks the word
const LISTBOX = { role: "listbox", "aria-multiselectable": "true", "aria-label": "Words", tabindex: "0" };
const ARROWS = { arrowleft: -1, arrowright: 1 };

export class TranscriptPanel {
  /** @param {any} desk */
  constructor(desk) {
    this.desk = desk;
    this.box = desk.find(".words");
    this.text = desk.find(".words-text");
    this.draft = desk.find(".words-draft");
    this.drawnKey = "";
    /** @type {Map<number, HTMLElement>} */
    this.spans = new Map();
    this.current = -1;
    /** @type {number|null} the word of the keyboard's cursor */
    this.cursor = null;
    /** @type {number|null} the word at which a mark began */
    this.anchor = null;
    this.painted = "";
    this.touched = false; // whether a finger began the mark: then taps extend it
    this.listen();
  }

  listen() {
    let press = null;
    let pressing = 0;
    const text = this.text;
    text.addEventListener("pointerdown", (event) => {
      const word = this.under(event);
      clearTimeout(pressing);
      press = word === null || event.button ? null : { word, marked: false, touch: event.pointerType === "touch" };
      if (!press) return;
      if (!press.touch && !event.shiftKey) this.anchor = word;
      if (press.touch) pressing = setTimeout(() => press && this.longPress(press), PRESS_MS);
    });
    text.addEventListener("mousedown", (event) => {
      event.preventDefault(); // a click gives the keys to the desk, and selects no text
      this.desk.focusQuietly();
    });
    text.addEventListener("pointermove", (event) => {
      if (!press || press.touch || !(event.buttons & 1)) return;
      const word = this.under(event);
      if (word === null || (!press.marked && word === press.word)) return;
      if (!press.marked) text.setPointerCapture(event.pointerId);
      press.marked = true;
      this.extend(word);
      this.scrollWith(event);
    });
    const over = () => clearTimeout(pressing);
    for (const name of ["pointerup", "pointercancel", "pointerleave"]) text.addEventListener(name, over);
    text.addEventListener("contextmenu", (event) => press?.touch && event.preventDefault());
    text.addEventListener("click", (event) => {
      const { marked = false, touch = false } = press ?? {};
      press = null;
      const word = this.under(event);
      if (marked || word === null) return;
      if (event.shiftKey || (touch && this.touched && this.desk.marks.mark?.words)) return this.extend(word);
      this.cursor = word;
      this.anchor = word;
      this.goTo(word);
    });
    text.addEventListener("keydown", (event) => this.onKey(event));
    text.addEventListener("focus", () => this.enter());
    text.addEventListener("blur", () => this.paint());
  }

  /** The number of the word under a pointer, or null. */
  under(event) {
    const root = /** @type {Document|ShadowRoot} */ (this.text.getRootNode());
    /** @type {HTMLElement|null} */
    const word = root.elementFromPoint(event.clientX, event.clientY)?.closest?.("[data-word]");
    return word && this.text.contains(word) ? Number(word.dataset.word) : null;
  }

  longPress(press) {
    press.marked = true;
    this.touched = true;
    this.anchor = press.word;
    this.extend(press.word);
  }

  // the box shows a few lines, so a drag near its edge scrolls it
  scrollWith(event) {
    const box = this.text.getBoundingClientRect();
    if (event.clientY > box.bottom - 12) this.text.scrollTop += 12;
    if (event.clientY < box.top + 12) this.text.scrollTop -= 12;
  }

  goTo(word) {
    const { words } = this.desk.store.project.transcript;
    this.desk.player.moveTo(words[word].start_s);
  }

  /** Mark from where the mark began to this word. @param {number} word */
  extend(word) {
    this.anchor ??= this.desk.marks.mark?.words?.[0] ?? this.cursor ?? Math.max(0, this.current);
    this.cursor = word;
    this.desk.marks.setWords(this.anchor, word);
    this.desk.ask();
  }

  // --- the keyboard

  /** The transcript got the focus: the cursor is put at the word being spoken, else at the clip's first. */
  enter() {
    if (this.cursor === null || !this.spans.has(this.cursor)) {
      this.cursor = this.current >= 0 ? this.current : ([...this.spans].find(([, s]) => s.classList.contains("inside"))?.[0] ?? [...this.spans.keys()][0] ?? null);
    }
    this.paint();
  }

  onKey(event) {
    const words = this.desk.store.project.transcript?.words;
    const key = event.key.toLowerCase();
    if (!words?.length || this.cursor === null || event.ctrlKey || event.metaKey || event.altKey) return;
    const to = this.reached(key);
    if (to === null && key !== "enter") return;
    event.preventDefault();
    event.stopPropagation();
    if (to === null) return this.desk.marks.mark ? this.desk.useMark() : this.goTo(this.cursor);
    if (event.shiftKey && !this.desk.marks.mark) this.anchor = this.cursor;
    this.cursor = clamp(to, 0, words.length - 1);
    if (event.shiftKey) this.extend(this.cursor);
    else this.anchor = this.cursor;
    this.desk.ask();
  }

  /** The number of the word a key leads to; null for other keys. @param {string} key */
  reached(key) {
    const { sentences } = this.desk.store.project.transcript;
    const here = sentences[sentenceOf(sentences, this.cursor)];
    if (ARROWS[key]) return this.cursor + ARROWS[key];
    if (key === "home") return here?.first_word ?? this.cursor;
    if (key === "end") return here?.last_word ?? this.cursor;
    return key === "arrowup" || key === "arrowdown" ? this.inNextLine(key === "arrowdown" ? 1 : -1) : null;
  }

  inNextLine(direction) {
    const own = this.spans.get(this.cursor);
    if (!own) return this.cursor;
    const middle = own.offsetLeft + own.offsetWidth / 2;
    let best = null;
    for (let i = this.cursor + direction, line = null; this.spans.has(i); i += direction) {
      const span = this.spans.get(i);
      if (span.offsetTop === own.offsetTop) continue;
      line ??= span.offsetTop;
      if (span.offsetTop !== line) break;
      const away = Math.abs(span.offsetLeft + span.offsetWidth / 2 - middle);
      if (!best || away < best.away) best = { i, away };
    }
    return best?.i ?? this.cursor + direction;
  }

  get focused() {
    return this.desk.activeElement() === this.text;
  }

  // --- showing

  /** The first and last sentence to show: of the clip and one more on each side, or of the playhead far from it, and of the cursor. */
  range() {
    const { store, player } = this.desk;
    const { words, sentences } = store.project.transcript;
    const at = player.time;
    let span = store.span;
    if (!span || at < span.start_s - 20 || at > span.end_s + 20) span = { start_s: at, end_s: at };
    let first = sentenceOf(sentences, before(words, span.start_s)) - 1;
    let last = sentenceOf(sentences, before(words, span.end_s - 0.01)) + 1;
    if (this.focused && this.cursor !== null) {
      const own = sentenceOf(sentences, this.cursor);
      const far = own < first - 8 || own > last + 8;
      first = far ? own - 1 : Math.min(first, own - 1);
      last = far ? own + 1 : Math.max(last, own + 1);
    }
    return [Math.max(0, first), Math.min(sentences.length - 1, last)];
  }

  frame() {
    const { store } = this.desk;
    if (!store.project.transcript?.words.length || !store.project.transcript.sentences.length) return;
    const { words } = store.project.transcript;
    const [first, last] = this.range();
    const ranges = this.desk.ranges ?? [];
    const inside = ranges.map((r) => `${wordFrom(words, r.start_s)}-${wordFrom(words, r.end_s)}`); // by words, so that an edge moved between two words draws nothing
    const key = [store.project.transcript.revision, first, last, ...inside].join();
    if (key !== this.drawnKey) this.build(first, last, ranges, key);
    this.light(wordAt(words, this.desk.player.time));
    this.paint();
  }

  build(first, last, ranges, key) {
    this.drawnKey = key;
    this.current = -1;
    this.painted = "";
    this.spans.clear();
    const { words, sentences } = this.desk.store.project.transcript;
    const span = this.desk.store.span;
    const out = document.createDocumentFragment();
    const edge = () => {
      const bar = make("b", "edge");
      bar.setAttribute("aria-hidden", "true");
      return bar;
    };
    let was = false;
    for (let i = sentences[first].first_word; i <= sentences[last].last_word && words[i]; i += 1) {
      const inside = holds(ranges, words[i]);
      if (inside !== was) out.append(edge(), " ");
      was = inside;
      const cut = !inside && span && holds([span], words[i]);
      const word = make("span", inside ? "inside" : cut ? "cut" : "", words[i].text);
      word.dataset.word = String(i);
      word.id = `word-${i}`;
      word.setAttribute("role", "option");
      word.setAttribute("aria-selected", "false");
      if (cut) word.setAttribute("aria-label", `${words[i].text}, cut out`);
      this.spans.set(i, word);
      out.append(word, " ");
    }
    if (was) out.append(edge());
    this.text.replaceChildren(out);
    this.roles(true);
  }

  // the box is a list of words for screen readers, while there are any
  roles(on) {
    if (on) return setAttributes(this.text, LISTBOX);
    for (const name of [...Object.keys(LISTBOX), "aria-activedescendant"]) this.text.removeAttribute(name);
  }

  /** Draw the mark and the cursor. */
  paint() {
    const marked = this.desk.marks.mark?.words ?? null;
    if (!this.desk.marks.mark) this.touched = false;
    const cursor = this.focused ? this.cursor : null;
    const key = `${this.drawnKey} ${marked} ${cursor}`;
    if (key === this.painted) return;
    this.painted = key;
    for (const [i, span] of this.spans) {
      const on = marked !== null && i >= marked[0] && i <= marked[1];
      if (span.classList.contains("in-mark") !== on) {
        span.classList.toggle("in-mark", on);
        span.setAttribute("aria-selected", String(on));
      }
      if (span.classList.contains("cursor")) span.classList.remove("cursor");
    }
    const own = cursor === null ? null : this.spans.get(cursor);
    if (!own) return this.text.removeAttribute("aria-activedescendant");
    own.classList.add("cursor");
    this.text.setAttribute("aria-activedescendant", own.id);
    this.bringIntoView(own);
  }

  light(word) {
    if (word === this.current) return;
    this.spans.get(this.current)?.classList.remove("now");
    this.current = word;
    const span = this.spans.get(word);
    if (!span) return;
    span.classList.add("now");
    if (!this.focused) this.bringIntoView(span);
  }

  bringIntoView(span) {
    const top = span.offsetTop; // of the box, which is positioned
    const { scrollTop, clientHeight } = this.text;
    if (top < scrollTop || top + span.offsetHeight > scrollTop + clientHeight) {
      this.text.scrollTo({ top: Math.max(0, top - clientHeight / 3), behavior: this.desk.view.still ? "auto" : "smooth" });
    }
  }

  update() {
    const { transcript, info: project } = this.desk.store.project;
    const some = Boolean(transcript?.words.length);
    this.box.hidden = !some && !project?.player;
    setText(this.draft, some && transcript.draft ? "Draft words: good enough to find your way, not to quote." : "");
    if (some) return;
    this.drawnKey = "";
    this.spans.clear();
    this.roles(false);
    const working = project && isWorking(project);
    const text = transcript ? reasonForNone(project) : working ? "The words appear here when they are transcribed." : "This recording has no transcript.";
    setText(this.text, text);
  }
}

// the reason why a transcript has no words, where processing gave one
function reasonForNone(project) {
  const warning = (project?.warnings ?? []).find((w) => w.code === "not_understood" || w.code === "no_speech");
  return warning ? warning.message : "No words were understood in this recording.";
}

// the number of the last word that starts before a moment
function before(words, at) {
  return Math.max(0, countWhile(words, (w) => w.start_s <= at) - 1);
}

// the number of the first word whose middle is not before a moment
function wordFrom(words, at) {
  return countWhile(words, (w) => (w.start_s + w.end_s) / 2 < at);
}
