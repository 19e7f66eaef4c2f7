// Several clips picked in the list, to be decided on together.

import { setText } from "../dom.js";
import { REASONS, STATUS, length } from "../rules/format.js";
import { lengthOf } from "../rules/rules.js";

/** @typedef {import("../state/api.js").Clip} Clip */

export class PickedClips {
  /** @param {any} desk */
  constructor(desk) {
    this.desk = desk;
    /** @type {Set<string>} */
    this.ids = new Set();
    /** @type {{from: string, to: string, before: Set<string>}|null} rows in a row that are being picked */
    this.stretch = null;
    /** @type {string|null} the clip touched last, from which Shift reaches */
    this.from = null;
    this.bar = desk.find(".picked");
    this.head = desk.find(".clips-head");
    this.text = desk.find(".picked-text");
    this.listen();
  }

  listen() {
    const click = (selector, run) => this.desk.find(selector).addEventListener("click", run);
    click(".picked-approve", () => this.desk.decide("approved"));
    click(".picked-changes", () => this.desk.decision.toggle("changes"));
    click(".picked-reject", () => this.desk.decision.toggle("reject"));
    click(".picked-clear", () => this.clear());
  }

  /** The picked clips, in the order of the list. @returns {Clip[]} */
  get clips() {
    return this.ids.size ? (this.desk.store.project.clips ?? []).filter((c) => this.ids.has(c.id)) : [];
  }

  // --- picking

  /** @param {string|null} [id] the open one where none is named */
  toggle(id = this.desk.store.selectedId) {
    if (!id || !this.desk.store.project.clip(id)) return;
    this.stretch = null;
    this.from = id;
    if (!this.ids.delete(id)) this.ids.add(id);
    this.tell();
  }

  all() {
    const { listed } = this.desk.filters;
    const whole = listed.length && listed.every((clip) => this.ids.has(clip.id));
    this.stretch = null;
    this.ids = new Set(whole ? [] : listed.map((clip) => clip.id));
    this.tell();
  }

  /** Pick the open clip and the one beside it; the other way, give it back. @param {1|-1} direction */
  extend(direction) {
    const { store, filters } = this.desk;
    if (!store.selectedId) return;
    if (this.stretch?.to !== store.selectedId) this.begin(store.selectedId);
    const to = filters.beside(direction);
    if (!to) return;
    this.reach(to.id);
    this.desk.open(to.id);
  }

  /** Pick from the row touched last up to this one. @param {string} id */
  upTo(id) {
    const from = this.from ?? this.desk.store.selectedId ?? id;
    if (this.stretch?.from !== from) this.begin(from);
    this.reach(id);
  }

  begin(id) {
    this.from = id;
    this.stretch = { from: id, to: id, before: new Set(this.ids) };
  }

  reach(id) {
    const { listed } = this.desk.filters;
    const ends = [this.stretch.from, id].map((one) => listed.findIndex((clip) => clip.id === one)).sort((a, b) => a - b);
    this.stretch.to = id;
    const between = ends[0] < 0 ? listed.filter((clip) => clip.id === id) : listed.slice(ends[0], ends[1] + 1);
    this.ids = new Set([...this.stretch.before, ...between.map((clip) => clip.id)]);
    this.tell();
  }

  clear() {
    const held = this.bar.contains(this.desk.activeElement());
    this.stretch = null;
    this.from = null;
    if (!this.ids.size) return;
    this.ids.clear();
    this.tell();
    if (held) this.desk.focusQuietly(); // the bar goes away
  }

  tell() {
    this.desk.store.topics.tell("picked");
  }

  // --- deciding

  /** @param {string} decision @param {string|null} reason @param {string|null} note */
  decide(decision, reason, note) {
    const { desk } = this;
    const { store } = desk;
    const { clips } = this;
    const meant = clips.filter((clip) => store.pending.statusOf(clip) !== decision);
    const already = clips.length - meant.length;
    if (!meant.length) return store.notices.say({ text: alreadySo(already, decision), tone: "info" });
    this.clear();
    store.pending.decide(meant, decision, reason, note);
    const done = textOfDecision(meant.length, decision, reason);
    const left = already ? ` ${alreadySo(already, decision)}` : "";
    const open = store.selected;
    const next = open && store.pending.statusOf(open) === "proposed" ? null : desk.filters.next;
    desk.decision.sayDone(`${done}${left}`);
    if (next) desk.open(next.id);
  }

  // --- showing

  /** @param {Set<string>} topics */
  update(topics) {
    if (!["clips", "draft", "filter", "picked", "selection"].some((topic) => topics.has(topic))) return;
    if (this.ids.size) this.prune();
    const { clips } = this;
    if (!clips.length) return this.hide();
    const many = clips.length === 1 ? "1 picked" : `${clips.length} picked`;
    const long = length(clips.reduce((sum, clip) => sum + lengthOf(this.desk.store.pending.rangesOf(clip)), 0));
    setText(this.text, `${many}, ${long}`);
    if (this.bar.hidden) this.show();
  }

  // a clip the filter hides must not be decided on unseen
  prune() {
    const listed = new Set(this.desk.filters.listed.map((clip) => clip.id));
    for (const id of this.ids) if (!listed.has(id)) this.ids.delete(id);
  }

  // the bar takes the place of the head over the list, so that no row moves under the hand
  show() {
    const { row } = this.desk.filters;
    this.bar.style.minHeight = `${this.head.offsetHeight + row.offsetHeight}px`;
    this.bar.parentElement.classList.add("picking");
    this.bar.hidden = false;
  }

  hide() {
    if (this.bar.hidden) return;
    if (this.bar.querySelector(".menu:not([hidden])")) this.desk.decision.close(); // it has no subject any more
    this.bar.parentElement.classList.remove("picking");
    this.bar.hidden = true;
  }
}

const DECIDED = { approved: ["", "approved"], rejected: ["", "rejected"], changes_requested: ["Changes asked for on ", ""] };

/** @param {number} count @param {string} decision @param {string|null} [reason] */
function textOfDecision(count, decision, reason = null) {
  const clips = count === 1 ? "1 clip" : `${count} clips`;
  const [before, after] = DECIDED[decision];
  const why = REASONS.find(([code]) => code === reason)?.[1];
  return `${STATUS[decision].sign} ${before}${clips}${after && ` ${after}`}${why ? `: ${why.toLowerCase()}` : ""}.`;
}

/** @param {number} count @param {string} decision */
function alreadySo(count, decision) {
  const state = decision === "changes_requested" ? "to be changed" : STATUS[decision].word;
  return count === 1 ? `1 was ${state} already.` : `${count} were ${state} already.`;
}
