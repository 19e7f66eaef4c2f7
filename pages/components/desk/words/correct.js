// Corrections of words, in one place or everywhere; and clips whose words changed since they were decided on.

import { make, makeButton, setText } from "../dom.js";
import { applicable, changedWords, findReading, reading, replacements, textIn, wordsOf } from "../rules/correction_rules.js";
import { NoAnswer, Problem } from "../state/api.js";
import { CorrectionBox } from "./correction_box.js";

/** @typedef {import("../state/api.js").Transcript} Transcript */
/** @typedef {import("../rules/correction_rules.js").Edit} Edit */
/** @typedef {{index: number, was: string, text: string}} Numbered an edit of one revision, where words stand by number */
/** @typedef {import("../state/outbox.js").PendingChange} PendingChange */
/** @typedef {Pick<PendingChange, "verb"|"args"|"after"> & {key?: string}} Correction */

const LANE = "the words"; // in the outbox: corrections are sent one after the other
const MAX_TRIES = 4; // where another reviewer's corrections come first
const MAX_EDITS = 2000; // in one request
const MAX_EARLIER = 40; // each holds all words of a recording; older ones can be read again
const BACK = "restore words"; // the command that goes back to the words of an earlier revision
const CHANGED = "Somebody changed these words since. Look at them as they are now.";

export class Corrections {
  /** @param {any} desk */
  constructor(desk) {
    this.desk = desk;
    /** @type {Transcript|null} as the server has it */
    this.base = null;
    /** @type {Transcript|null} as the desk shows it: the server's, with the corrections under way on top */
    this.current = null;
    this.draws = 0;
    this.drawnKey = ""; // the corrections under way when it was drawn
    this.settled = ""; // the key of a correction that `base` holds already, though it is still in its lane
    /** @type {Map<string, Transcript>} the words before a correction, by their revision and by its key */
    this.earlier = new Map();
    this.box = new CorrectionBox(desk, this);
    this.changed = this.buildChanged();
    desk.find(".details .certs").after(this.changed);
    desk.store.commands.register({
      words: this.command("words", ({ edits }) => isListOf(edits, isEdit)),
      replace: this.command("replace", ({ find, replace }) => typeof find === "string" && typeof replace === "string"),
      [BACK]: this.command(BACK, ({ revision, since }) => typeof revision === "string" && typeof since === "string"),
    });
  }

  begin() {
    this.box.begin();
  }

  get isTyping() {
    return this.box.isTyping;
  }

  // --- correcting

  /** @param {Edit} edit */
  correct(edit) {
    const { was, text, at } = edit;
    const alike = wordsOf(was).length === wordsOf(text).length;
    const label = `\u201c${short(was)}\u201d is now \u201c${short(text)}\u201d`;
    this.doNow({ verb: "words", args: { edits: [edit] } }, alike ? [{ was: text, text: was, at }] : null, label);
  }

  /** @param {string} find @param {string} replace */
  replace(find, replace) {
    const { transcript } = this.desk.store.project;
    const changes = replacements(transcript, find, replace);
    const alike = changes.length <= MAX_EDITS && changes.every((c) => c.texts.length === c.end - c.first);
    const back = changes.map(({ first, end, texts }) => {
      const { words } = transcript;
      return { was: texts.join(" "), text: reading(words, first, end), at: words[first].start_s };
    });
    const label = `\u201c${short(find)}\u201d is now \u201c${short(replace)}\u201d in ${changes.length} places`;
    this.doNow({ verb: "replace", args: { find, replace } }, alike ? back : null, label);
  }

  /**
   * Make a correction that can be taken back and done again.
   * @param {import("../state/commands.js").Call} call @param {Edit[]|null} edits that reverse it; null: it is undone by
   * going back to the earlier words, unless another reviewer's corrections would be lost by that @param {string} label
   */
  doNow(call, edits, label) {
    const { store } = this.desk;
    if (!this.apply(call, this.current)) return store.notices.say({ text: CHANGED, tone: "info" });
    const undo = edits ? { verb: "words", args: { edits } } : { verb: BACK, args: { revision: "", since: "" } };
    store.commands.askUndoably(label, call, undo);
    store.notices.say({ text: `${label}.`, tone: "ok", action: { label: "Undo", key: "Z", run: () => this.desk.undo() } });
  }

  /** @param {string} name @param {(args: any) => boolean} isValid @returns {import("../state/commands.js").Command} */
  command(name, isValid) {
    return {
      isAlone: true,
      lane: () => LANE,
      isValid: (args) => isValid(args) && (args.asked === undefined || isQuestion(args.asked)),
      holds: (args, how) => this.touched({ verb: name, args, ...how }),
      send: (change) => this.send(change),
      fromAnswer: (_change, { before, revision }) => ({ revision: before, since: revision }),
      onStored: (change, answer) => this.moveUndoOn(change, answer),
      onRefused: (_change, { message, code }) => this.desk.store.notices.say({ text: message, tone: code === "changed_since" ? "info" : "error" }),
    };
  }

  // --- shown at once

  /**
   * The transcript after a correction; null where it changes nothing: it is done already, impossible now, or not known here.
   * @param {Correction} one @param {Transcript} t @param {Map<string, Transcript>} [states] before each of those that wait
   * @returns {Transcript|null}
   */
  apply({ verb, args, after }, t, states) {
    if (verb === "replace") return changedOrNull(t, replacements(t, args.find, args.replace));
    if (verb === "words") return changedOrNull(t, applicable(t, args.edits));
    return (after && (states?.get(after) ?? this.earlier.get(after))) || (this.earlier.get(args.revision) ?? null);
  }

  /** @returns {PendingChange[]} */
  get underway() {
    return this.desk.store.pending.of(LANE).filter((change) => change.key !== this.settled);
  }

  /** The server's words with some corrections on top. @param {Correction[]} some */
  with(some) {
    const states = new Map();
    return some.reduce((t, one) => {
      states.set(one.key, t);
      const unsure = one.args.asked && one.args.asked.revision !== t.revision && this.base === t; // no answer came: the server may have applied it
      return (unsure ? null : this.apply(one, t, states)) ?? t;
    }, this.base);
  }

  show() {
    if (!this.base) return;
    this.draws += 1;
    this.drawnKey = this.underwayKey;
    this.current = { ...this.with(this.underway), revision: `${this.base.revision} ${this.draws}` };
    this.desk.store.project.take("transcript", this.current);
  }

  get underwayKey() {
    return this.underway.map((change) => change.key).join();
  }

  /** Take the server's words, and show them with the corrections under way on top. @param {Transcript} fresh */
  adopt(fresh) {
    this.base = fresh;
    this.show();
  }

  /**
   * The undecided clips whose words a correction changes. Each gets a new version, and the next change of it waits for the
   * correction's answer, so that it is made on that version. @param {Correction} one
   */
  touched(one) {
    const { store, marks } = this.desk;
    const before = this.current;
    const now = before && this.with([...this.underway, one]);
    if (now && now.words.length !== before.words.length) marks.clear(); // a mark counts words
    const open = (store.project.clips ?? []).filter((clip) => store.pending.statusOf(clip) === "proposed");
    const unknown = one.verb === BACK && !one.after && !this.earlier.has(one.args.revision);
    const differs = (clip) => unknown || textIn(before.words, clip.ranges) !== textIn(now.words, clip.ranges);
    return now ? open.filter(differs).map((clip) => clip.id) : [];
  }

  // --- sending

  /** Send a correction; where another reviewer's came first, send it again on top of theirs. @param {PendingChange} change */
  async send(change) {
    const { store } = this.desk;
    for (let i = 1; ; i += 1) {
      const question = (change.args.asked ??= this.question(change)); // sent again without an answer, it has to be the same request
      store.outbox.persist();
      try {
        const { revision } = await this.post(change, question);
        await this.settle(change, question.revision, revision);
        await store.project.readClips().catch(() => {});
        return { before: question.revision, revision };
      } catch (error) {
        if (!(error instanceof Problem)) throw error; // no answer: it is sent again later
        delete change.args.asked;
        await this.reread();
        if (error.status !== 412 || change.verb === BACK || i === MAX_TRIES || !this.apply(change, this.base)) throw error;
      }
    }
  }

  /** The request for a correction of the words as the server has them. @param {PendingChange} change @returns {{revision: string, edits?: Numbered[]}} */
  question({ verb, args }) {
    const { base } = this;
    if (!base) throw new NoAnswer("The words have not been read yet.");
    const { revision } = base;
    const changed = verb === BACK ? args.since !== revision : !this.apply({ verb, args }, base);
    if (changed) throw new Problem(412, { detail: CHANGED, code: "changed_since" });
    if (verb !== "words") return { revision };
    const numbered = args.edits.map(({ was, text, at }) => ({ index: findReading(base.words, was, at), was, text }));
    return { revision, edits: numbered.filter((e) => e.index >= 0) };
  }

  /** @param {PendingChange} change @param {{revision: string, edits?: Numbered[]}} asked */
  post({ verb, args, key, by }, { revision, edits }) {
    const { api } = this.desk.store;
    if (verb === "words") return api.correctWords(revision, { edits, by }, key);
    if (verb === "replace") return api.replaceWords(revision, { find: args.find, replace: args.replace, by }, key);
    return api.restoreWords(revision, { revision: args.revision, by }, key);
  }

  /** A correction is stored: the server's words are those of before, with this on top. @param {PendingChange} change @param {string} before @param {string} revision */
  async settle(change, before, revision) {
    const { base } = this;
    this.settled = change.key;
    if (base?.revision !== before) return this.show(); // newer words were read meanwhile
    for (const name of [before, change.key]) this.earlier.set(name, base);
    for (const old of [...this.earlier.keys()].slice(0, -MAX_EARLIER)) this.earlier.delete(old);
    const now = this.apply(change, base);
    if (!now) return this.reread().catch(() => {});
    this.base = { ...now, revision };
    this.desk.store.project.revisions.transcript = revision;
    this.show();
  }

  /** Let undo that could go back before this correction still do so: nothing of another reviewer's came between. @param {PendingChange} change @param {any} answer */
  moveUndoOn({ key }, { before, revision }) {
    const { store } = this.desk;
    const { done, undone } = store.history;
    const backs = [...done, ...undone].flatMap((step) => (step.kind === "call" ? [step.undo] : []));
    for (const { verb, args } of [...backs, ...store.pending.of(LANE)]) {
      if (verb === BACK && args.since === before) args.since = revision;
    }
    store.history.persist();
    store.outbox.renewHeld(key);
  }

  async reread() {
    const { store } = this.desk;
    const fresh = await store.api.transcript();
    store.project.revisions.transcript = fresh.revision;
    this.adopt(fresh);
  }

  // --- clips whose words changed

  buildChanged() {
    const line = make("p", "words-changed");
    line.dataset.testid = "desk-words-changed";
    line.hidden = true;
    line.append(make("span", "", ""), makeButton("tool", "Take the new words", () => this.takeWords()));
    return line;
  }

  takeWords() {
    const { store, names } = this.desk;
    const clip = store.selected;
    if (!clip) return;
    names.then(() => store.pending.takeWords(clip));
    this.desk.focusQuietly();
  }

  /** @param {Set<string>} topics */
  update(topics) {
    const { store } = this.desk;
    if (topics.has("transcript") && store.project.transcript && store.project.transcript !== this.current) this.adopt(store.project.transcript);
    else if (topics.has("saving") && this.drawnKey !== this.underwayKey) this.show();
    this.box.update(topics);
    const clip = store.selected;
    const taking = clip && store.pending.of(clip.id).some((w) => w.take_words);
    this.changed.hidden = !clip?.words_changed || taking;
    if (this.changed.hidden) return;
    const since = clip.decision ? "after this decision" : "after this version";
    setText(this.changed.firstChild, `\u2260 The words changed ${since}.`);
  }
}

/** @param {Transcript} transcript @param {import("../rules/correction_rules.js").Change[]} changes */
function changedOrNull(transcript, changes) {
  return changes.length ? changedWords(transcript, changes) : null;
}

/** @param {string} text */
function short(text) {
  return text.length > 40 ? `${text.slice(0, 38).trimEnd()}\u2026` : text;
}

/** @param {any} list @param {(one: any) => boolean} test */
function isListOf(list, test) {
  return Array.isArray(list) && list.length > 0 && list.every(test);
}

function isEdit(edit) {
  return typeof edit?.was === "string" && typeof edit.text === "string" && Number.isFinite(edit.at);
}

function isQuestion(question) {
  const isChange = (one) => Number.isInteger(one?.index) && typeof one.was === "string" && typeof one.text === "string";
  return typeof question?.revision === "string" && (question.edits === undefined || isListOf(question.edits, isChange));
}
