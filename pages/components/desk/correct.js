// A word put right in place, a name put right everywhere; and clips whose words changed since they were decided on.

import { Problem } from "./api.js";
import { make } from "./details.js";
import { countWhile, wordAt } from "./rules.js";
import { setText } from "./stage.js";
import { changedWords, everywhere, findReading, places, reading, replacements, saidIn, wordsOf } from "./wording.js";

/** @typedef {import("./api.js").Transcript} Transcript */
/** @typedef {{was: string, text: string, at: number}} Edit the words that read `was` at a moment should read `text` */
/** @typedef {{apply: (t: Transcript) => Transcript|null, post: (t: Transcript, key: string) => Promise<any>,
 *   once?: boolean, asked?: Transcript|null, before?: Transcript, after?: string}} Correction what it makes of a transcript
 *   (null: nothing, it is done or impossible by now), how to ask for it, and between which revisions it was stored */

const LANE = "the words"; // in the outbox: one correction after the other
const TRIES = 4; // where somebody else's come before
const MOST_EDITS = 2000; // in one request

export class Correct {
  /** @param {any} desk */
  constructor(desk) {
    this.desk = desk;
    this.words = desk.find(".words-text");
    /** @type {Transcript|null} as the server has it */
    this.base = null;
    /** @type {Transcript|null} with what is underway, as the desk shows it */
    this.shown = null;
    /** @type {Correction[]} seen at once, stored soon */
    this.underway = [];
    this.drawn = 0;
    /** @type {string[]} the revisions made here, one upon the other */
    this.ours = [];
    /** @type {{first: number, was: string, at: number}|null} */
    this.place = null;
    this.dialog = this.build();
    desk.find(".words").append(this.dialog);
    this.changed = this.buildChanged();
    desk.find(".details .certs").after(this.changed);
    this.words.addEventListener("dblclick", (event) => {
      /** @type {HTMLElement|null} */
      const word = /** @type {Element} */ (event.target).closest?.("[data-word]");
      if (word) this.open(Number(word.dataset.word), Number(word.dataset.word) + 1);
    });
    desk.root.addEventListener("pointerdown", (event) => {
      if (this.place && !event.composedPath().includes(this.dialog)) this.close();
    });
  }

  // --- the editor

  build() {
    const dialog = document.createElement("dialog"); // while one is open no key of the desk is heard
    dialog.className = "correct";
    dialog.setAttribute("aria-label", "Correct the words");
    dialog.dataset.testid = "desk-correct";
    this.input = Object.assign(make("input", ""), { maxLength: 1000, spellcheck: false, autocomplete: "off" });
    this.input.setAttribute("aria-label", "What was said");
    const here = this.button("main", "Save", "Enter", () => this.save());
    this.all = this.button("", "", "Shift Enter", () => this.saveEverywhere());
    const buttons = make("div", "");
    buttons.append(here, this.all);
    dialog.append(this.input, buttons);
    dialog.addEventListener("keydown", (event) => this.onKey(event));
    dialog.addEventListener("close", () => this.closed());
    return dialog;
  }

  button(className, text, key, run) {
    const button = Object.assign(make("button", className), { type: "button" });
    button.append(make("span", "", text), make("kbd", "", key));
    button.addEventListener("click", run);
    return button;
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    if (event.isComposing || !["Enter", "Escape"].includes(event.key)) return;
    if (event.key === "Enter" && event.target !== this.input) return; // a button is pressed by it
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Escape") this.close();
    else if (event.shiftKey && !this.all.hidden) this.saveEverywhere();
    else this.save();
  }

  /** The marked words, else the one being heard. */
  begin() {
    const { store, player, marks } = this.desk;
    const words = store.transcript?.words ?? [];
    if (!words.length) return store.say({ text: "There are no words to correct yet.", tone: "info" });
    const marked = marks.mark?.words;
    if (marked) return this.open(marked[0], marked[1] + 1);
    const heard = wordAt(words, player.time);
    const near = heard >= 0 ? heard : Math.max(0, countWhile(words, (w) => w.start_s <= player.time) - 1);
    this.open(near, near + 1);
  }

  /** @param {number} first @param {number} end */
  open(first, end) {
    const { store, player } = this.desk;
    player.pause();
    const { words } = store.transcript;
    const was = reading(words, first, end);
    this.place = { first, was, at: words[first].start_s };
    this.input.value = was;
    this.count();
    if (!this.dialog.open) this.dialog.show();
    this.put();
    this.input.focus({ preventScroll: true });
    this.input.select();
  }

  /** How often it stands elsewhere too. */
  count() {
    const { transcript } = this.desk.store;
    const many = places(transcript, everywhere(this.place.was, "").find).length;
    this.all.hidden = many < 2;
    setText(this.all.firstChild, `Replace everywhere (${many} places)`);
  }

  // right below the word, within the transcript's width
  put() {
    const span = this.words.querySelector(`[data-word="${this.place.first}"]`);
    const box = this.dialog.parentElement.getBoundingClientRect();
    const text = this.words.getBoundingClientRect();
    const word = (span ?? this.words).getBoundingClientRect();
    const left = Math.min(word.left - box.left, box.width - this.dialog.offsetWidth);
    this.dialog.style.left = `${Math.max(0, left)}px`;
    this.dialog.style.top = `${Math.min(Math.max(word.bottom, text.top), text.bottom) - box.top + 4}px`;
    this.dialog.scrollIntoView({ block: "nearest" });
  }

  close() {
    this.dialog.close();
    this.closed();
  }

  closed() {
    if (!this.place) return;
    this.place = null;
    this.desk.focusQuietly();
  }

  save() {
    const { was, at } = this.place;
    const text = wordsOf(this.input.value).join(" ");
    if (!text) return this.desk.store.say({ text: "A correction needs some text. Type what was said.", tone: "info" });
    this.close();
    if (text !== was) this.desk.names.then(() => this.correct({ was, text, at }));
  }

  saveEverywhere() {
    const { find, replace } = everywhere(this.place.was, this.input.value);
    if (!replace) return this.desk.store.say({ text: "A correction needs some text. Type what was said.", tone: "info" });
    this.close();
    if (find !== replace) this.desk.names.then(() => this.replace(find, replace));
  }

  // --- what is put right

  /** @param {Edit} edit */
  correct(edit) {
    const { was, text, at } = edit;
    const alike = wordsOf(was).length === wordsOf(text).length;
    const label = `\u201c${short(was)}\u201d is now \u201c${short(text)}\u201d`;
    this.doNow(this.ofEdits([edit]), alike ? this.ofEdits([{ was: text, text: was, at }]) : null, label);
  }

  /** @param {string} find @param {string} replace */
  replace(find, replace) {
    const { api, transcript } = this.desk.store;
    const apply = (t) => changedOrNull(t, replacements(t, find, replace));
    const post = (t, key) => api.replaceWords(t.revision, { find, replace, by: this.by }, key);
    const changes = replacements(transcript, find, replace);
    const alike = changes.length <= MOST_EDITS && changes.every((c) => c.texts.length === c.end - c.first);
    const back = changes.map(({ first, end, texts }) => {
      const { words } = transcript;
      return { was: texts.join(" "), text: reading(words, first, end), at: words[first].start_s };
    });
    const label = `\u201c${short(find)}\u201d is now \u201c${short(replace)}\u201d in ${changes.length} places`;
    this.doNow({ apply, post }, alike ? this.ofEdits(back) : null, label);
  }

  get by() {
    return this.desk.store.reviewer;
  }

  /** @param {Edit[]} edits @returns {Correction} */
  ofEdits(edits) {
    const { api } = this.desk.store;
    const found = (t) => edits.map(({ was, text, at }) => ({ index: findReading(t.words, was, at), was, text }));
    const apply = (t) => {
      const there = found(t).filter((e) => e.index >= 0);
      const changes = there.map((e) => ({ first: e.index, end: e.index + e.was.split(" ").length, texts: wordsOf(e.text) }));
      return changedOrNull(t, changes.sort((a, b) => a.first - b.first));
    };
    const post = (t, key) =>
      api.correctWords(t.revision, { edits: found(t).filter((e) => e.index >= 0), by: this.by }, key);
    return { apply, post };
  }

  /**
   * Do something that can be taken back and done again.
   * @param {Correction} one @param {Correction|null} reverse null: by going back to the words before @param {string} label
   */
  doNow(one, reverse, label) {
    const { store } = this.desk;
    if (!one.apply(this.shown)) return void this.sayChanged();
    let sent = this.send(one);
    const undo = () => (sent = sent.then((stored) => stored && this.send(reverse ?? this.backFrom(one))));
    const redo = () => (sent = sent.then(() => this.send(one)));
    store.undoable.push({ kind: "call", label, undo, redo });
    store.say({ text: `${label}.`, tone: "ok", action: { label: "Undo", key: "Z", run: () => this.desk.undo() } });
  }

  sayChanged() {
    this.desk.store.say({ text: "Somebody changed these words since. Look at them as they are now.", tone: "info" });
    return false;
  }

  /** To the words before a correction, unless somebody else's would be lost by that. @param {Correction} one */
  backFrom(one) {
    const { before, after } = one;
    if (!this.ours.includes(after)) return { apply: () => null, post: () => Promise.resolve(null) };
    const body = { revision: before.revision, by: this.by };
    return { apply: () => before, post: (t, key) => this.desk.store.api.restoreWords(t.revision, body, key), once: true };
  }

  // --- seen at once, stored soon

  /** @param {Correction} one @returns {Promise<boolean>} whether it was stored */
  async send(one) {
    const { store, marks } = this.desk;
    const before = this.shown;
    const now = one.apply(before);
    if (!now) return this.sayChanged();
    if (now.words.length !== before.words.length) marks.clear(); // it counts words
    this.underway.push(one);
    this.show();
    const hold = this.hold(this.touched(before, now));
    const answer = await store.ask(LANE, async (key) => {
      await hold.held;
      return this.attempt(one, key);
    });
    if (answer?.revision) await store.readClips().catch(() => {});
    hold.release();
    if (answer?.problem) this.giveUp(one, answer.problem);
    return Boolean(answer?.revision);
  }

  /** @param {Correction} one @param {Problem} problem */
  giveUp(one, problem) {
    this.underway = this.underway.filter((other) => other !== one);
    this.show();
    this.desk.store.say({ text: problem.message, tone: "error" });
  }

  /** Ask; where somebody corrected other words before, ask again on top of theirs. @param {Correction} one */
  async attempt(one, key) {
    for (let i = 1; ; i += 1) {
      const base = (one.asked ??= this.base); // asked again for want of an answer, it is the same question
      try {
        const answer = await one.post(base, key);
        this.settle(one, base, answer.revision);
        return answer;
      } catch (error) {
        if (!(error instanceof Problem)) throw error; // no answer: it is sent again later
        one.asked = null;
        await this.reread();
        if (error.status !== 412 || one.once || i === TRIES || !one.apply(this.base)) return { problem: error };
      }
    }
  }

  /** It is stored: what the server has now is what it had, with this. */
  settle(one, base, revision) {
    this.underway = this.underway.filter((other) => other !== one);
    Object.assign(one, { before: base, after: revision, asked: null });
    this.ours.push(revision);
    if (this.base !== base) return this.show(); // read anew meanwhile
    this.base = { ...(one.apply(base) ?? base), revision };
    this.desk.store.have.transcript = revision;
  }

  async reread() {
    const { store } = this.desk;
    const fresh = await store.api.transcript();
    store.have.transcript = fresh.revision;
    this.adopt(fresh);
  }

  /** The words as the server has them, with what is underway on top. @param {Transcript} fresh */
  adopt(fresh) {
    if (!this.ours.includes(fresh.revision)) this.ours = [];
    this.base = fresh;
    this.show();
  }

  show() {
    this.drawn += 1;
    const folded = this.underway.reduce((t, one) => one.apply(t) ?? t, this.base);
    this.shown = { ...folded, revision: `${this.base.revision} ${this.drawn}` };
    this.desk.store.take("transcript", this.shown);
  }

  /** The undecided clips whose words change: each gets a new version. @param {Transcript} before @param {Transcript} now */
  touched(before, now) {
    const { store } = this.desk;
    const differs = (clip) => saidIn(before.words, clip.ranges) !== saidIn(now.words, clip.ranges);
    return (store.clips ?? []).filter((clip) => store.statusOf(clip) === "proposed" && differs(clip));
  }

  /** What is wanted of these clips next waits for the version the correction makes, so that it is of that version. */
  hold(clips) {
    const { store } = this.desk;
    let release = () => {};
    const over = new Promise((done) => (release = () => done(null)));
    const held = clips.map(
      (clip) =>
        new Promise((reached) => {
          const wait = () => {
            reached(null); // all that was wanted before has its answer
            return over.then(() => store.clip(clip.id));
          };
          store.ask(clip.id, wait).then(reached);
        }),
    );
    return { held: Promise.all(held), release };
  }

  // --- clips whose words changed

  buildChanged() {
    const line = make("p", "words-changed");
    line.dataset.testid = "desk-words-changed";
    line.hidden = true;
    const take = Object.assign(make("button", "tool", "Take the new words"), { type: "button" });
    take.addEventListener("click", () => this.takeWords());
    line.append(make("span", "", ""), take);
    return line;
  }

  takeWords() {
    const { store, names } = this.desk;
    const clip = store.selected;
    if (!clip) return;
    names.then(() => store.takeWords(clip));
    this.desk.focusQuietly();
  }

  /** @param {Set<string>} topics */
  update(topics) {
    const { store } = this.desk;
    if (topics.has("transcript") && store.transcript && store.transcript !== this.shown) this.adopt(store.transcript);
    if (topics.has("selection") && this.place) this.close();
    if (topics.has("transcript") && this.place) this.count();
    const clip = store.selected;
    const taking = clip && store.wishesFor(clip.id).some((w) => w.take_words);
    this.changed.hidden = !clip?.words_changed || taking;
    if (this.changed.hidden) return;
    const since = clip.decision ? "after this decision" : "after this version";
    setText(this.changed.firstChild, `\u2260 The words changed ${since}.`);
  }
}

/** @param {Transcript} transcript @param {import("./wording.js").Change[]} changes */
function changedOrNull(transcript, changes) {
  return changes.length ? changedWords(transcript, changes) : null;
}

/** @param {string} text */
function short(text) {
  return text.length > 40 ? `${text.slice(0, 38).trimEnd()}\u2026` : text;
}
