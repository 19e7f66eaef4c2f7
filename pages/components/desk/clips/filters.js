// The filter of the list, and which listed clip comes next. The browser keeps it for each project, over a reload.

import { make, makeButton, makeSign, setText } from "../dom.js";
import { REASONS, STATUS, called } from "../rules/format.js";
import { clamp, nextUndecided } from "../rules/rules.js";

/** @typedef {import("../state/api.js").Clip} Clip */
/** @typedef {{status: string[], rank: string, reason: string, by: string|null, words: boolean, notes: boolean,
 *   text: string}} Filter `by`: a name; "" for decisions without one; null for all */

const RANKS = [
  ["3", "Top 3"],
  ["5", "Top 5"],
  ["10", "Top 10"],
  ["hand", "Made by hand"],
];
const ANYBODY = "all"; // in the list of names, where every name carries a "by:" before it
const MAX_NAME_CHARS = 40;

/** @returns {Filter} */
function everything() {
  return { status: [], rank: "", reason: "", by: null, words: false, notes: false, text: "" };
}

/** A filter from the browser's storage, as far as it makes sense. @param {any} stored @returns {Filter} */
function filterOf(stored) {
  const filter = everything();
  if (!stored || typeof stored !== "object") return filter;
  if (Array.isArray(stored.status)) filter.status = stored.status.filter((one) => Object.hasOwn(STATUS, one));
  if (RANKS.some(([value]) => value === stored.rank)) filter.rank = stored.rank;
  if (REASONS.some(([code]) => code === stored.reason)) filter.reason = stored.reason;
  if (typeof stored.by === "string") filter.by = stored.by;
  if (typeof stored.text === "string") filter.text = stored.text;
  return { ...filter, words: stored.words === true, notes: stored.notes === true };
}

/** The number of unresolved notes on a clip. @param {Clip} clip */
export function openNotes(clip) {
  return (clip.notes ?? []).filter((note) => !note.resolved_at).length;
}

export class Filters {
  /** @param {any} desk */
  constructor(desk) {
    this.desk = desk;
    this.filter = this.remembered();
    /** @type {string|null} the open clip, which stays listed until another is opened, so that no row jumps */
    this.stayingId = null;
    this.drawnKey = "";
    this.row = desk.find(".filters");
    this.panel = desk.find(".filter-panel");
    this.button = desk.find(".filter-button");
    this.active = desk.find(".filter-active");
    this.fields = {
      text: desk.find(".filter-text"),
      rank: desk.find(".filter-rank"),
      reason: desk.find(".filter-reason"),
      by: desk.find(".filter-by"),
      words: desk.find(".filter-words"),
      notes: desk.find(".filter-notes"),
    };
    this.fill();
    this.listen();
  }

  fill() {
    this.chips = Object.entries(STATUS).map(([status, { sign }]) => {
      const chip = makeButton("chip", "", () => this.toggleStatus(status));
      chip.dataset.status = status;
      chip.append(makeSign(sign), make("span", "count"));
      return chip;
    });
    this.desk.find(".filter-status").replaceChildren(...this.chips);
    this.fields.rank.append(new Option("Any rank", ""), ...RANKS.map(([value, label]) => new Option(label, value)));
    this.fields.reason.append(new Option("Any reason", ""), ...REASONS.map(([code, label]) => new Option(label, code)));
  }

  listen() {
    const { fields } = this;
    fields.text.addEventListener("input", () => this.set({ text: fields.text.value }));
    fields.rank.addEventListener("change", () => this.set({ rank: fields.rank.value }));
    fields.reason.addEventListener("change", () => this.set({ reason: fields.reason.value }));
    fields.by.addEventListener("change", () => this.set({ by: fields.by.value === ANYBODY ? null : fields.by.value.slice(3) }));
    fields.words.addEventListener("click", () => this.set({ words: !this.filter.words }));
    fields.notes.addEventListener("click", () => this.set({ notes: !this.filter.notes }));
    this.button.addEventListener("click", () => (this.panel.hidden ? this.focus() : this.close()));
    this.desk.find(".filter-done").addEventListener("click", () => this.close());
    this.panel.addEventListener("keydown", (event) => this.panelKey(event));
    this.panel.addEventListener("focusout", (event) => {
      const to = event.relatedTarget;
      if (to && !this.panel.contains(to) && !this.row.contains(to)) this.close(false);
    });
    this.desk.root.addEventListener("pointerdown", (event) => {
      const at = /** @type {Node} */ (event.target);
      if (!this.panel.hidden && !this.panel.contains(at) && !this.button.contains(at)) this.close(false);
    });
  }

  panelKey(event) {
    const sends = event.key === "Enter" && event.target === this.fields.text && !event.isComposing;
    if (event.key !== "Escape" && !sends) return;
    event.preventDefault();
    event.stopPropagation();
    this.close();
  }

  focus() {
    if (!this.desk.store.project.clips?.length) return;
    this.panel.hidden = false;
    this.button.setAttribute("aria-expanded", "true");
    this.draw();
    this.fields.text.focus({ preventScroll: true });
    this.panel.scrollIntoView({ block: "nearest" });
  }

  /** @param {boolean} [back] whether the desk gets the focus back @returns {boolean} whether it was open */
  close(back = true) {
    if (this.panel.hidden) return false;
    this.panel.hidden = true;
    this.button.setAttribute("aria-expanded", "false");
    if (back) this.desk.focusQuietly();
    return true;
  }

  // --- choosing

  /** @param {Partial<Filter>} change */
  set(change) {
    this.filter = { ...this.filter, ...change };
    this.stayingId = null;
    this.remember();
    this.desk.store.topics.tell("filter");
  }

  /** @param {Partial<Filter>} filter these and no others */
  only(filter) {
    this.set({ ...everything(), ...filter });
  }

  clear() {
    this.only({});
  }

  toggleStatus(status) {
    const { status: now } = this.filter;
    this.set({ status: now.includes(status) ? now.filter((one) => one !== status) : [...now, status] });
  }

  // --- which clips pass

  get isActive() {
    const { status, rank, reason, by, words, notes, text } = this.filter;
    return Boolean(status.length || rank || reason || by !== null || words || notes || text.trim());
  }

  /** @param {Clip} clip */
  passes(clip) {
    const { status } = this.filter;
    return (!status.length || status.includes(this.desk.store.pending.statusOf(clip))) && this.passesRest(clip);
  }

  /** True if a clip passes all but the filter of the status, whose clips are counted on the chips. @param {Clip} clip */
  passesRest(clip) {
    const { rank, reason, by, words, notes } = this.filter;
    if (rank === "hand" && clip.origin !== "manual") return false;
    if (rank && rank !== "hand" && !(clip.rank && clip.rank <= Number(rank))) return false;
    if (reason && this.desk.store.pending.decisionOf(clip)?.reason !== reason) return false;
    if (by !== null && this.deciderOf(clip) !== by) return false;
    if (words && !clip.words_changed) return false;
    if (notes && !openNotes(clip)) return false;
    return this.hasText(clip);
  }

  hasText(clip) {
    const sought = this.filter.text.trim().toLocaleLowerCase();
    if (!sought) return true;
    const texts = [clip.title, clip.decision?.note, ...(clip.notes ?? []).map((note) => note.text)];
    return texts.some((text) => text?.toLocaleLowerCase().includes(sought));
  }

  /** The name on a clip's decision; null while it is undecided. @param {Clip} clip @returns {string|null} */
  deciderOf(clip) {
    const standing = this.desk.store.pending.decisionOf(clip);
    return standing ? (standing.by ?? "") : null;
  }

  /** @param {Clip} clip */
  isListed(clip) {
    return this.passes(clip) || (clip.id === this.stayingId && clip.id === this.desk.store.selectedId);
  }

  /** The clips that pass, in the order of the list. @returns {Clip[]} */
  get listed() {
    const clips = this.desk.store.project.clips ?? [];
    return this.isActive ? clips.filter((clip) => this.isListed(clip)) : clips;
  }

  // --- where to next

  /** The listed clip before or after the open one. @param {1|-1} direction */
  beside(direction) {
    const { listed } = this;
    const { project, selectedId } = this.desk.store;
    const clips = project.clips ?? [];
    const here = listed.findIndex((clip) => clip.id === selectedId);
    if (here >= 0) return listed[clamp(here + direction, 0, listed.length - 1)];
    const from = clips.findIndex((clip) => clip.id === selectedId);
    const side = direction > 0 ? clips.slice(from + 1) : clips.slice(0, Math.max(0, from)).reverse();
    return side.find((clip) => this.passes(clip)) ?? listed[direction > 0 ? listed.length - 1 : 0] ?? null;
  }

  /** The next undecided clip of the list, from its start again at the end. @returns {Clip|null} */
  get next() {
    const { store } = this.desk;
    const status = (clip) => (this.isListed(clip) ? store.pending.statusOf(clip) : "left out");
    return nextUndecided(store.project.clips ?? [], store.selectedId, status);
  }

  /** The number of undecided clips that are not listed. */
  get outside() {
    const { store } = this.desk;
    return (store.project.clips ?? []).filter((clip) => store.pending.statusOf(clip) === "proposed" && !this.isListed(clip)).length;
  }

  // --- showing

  /** @param {Set<string>} topics */
  update(topics) {
    if (!["clips", "selection", "draft", "filter", "saving"].some((topic) => topics.has(topic))) return;
    const { selected, selectedId } = this.desk.store;
    if (selected && this.passes(selected)) this.stayingId = selectedId;
    else if (this.stayingId !== selectedId) this.stayingId = null;
    this.draw();
  }

  draw() {
    const clips = this.desk.store.project.clips ?? [];
    this.row.hidden = clips.length < 2 && !this.isActive;
    if (this.row.hidden) this.close(false);
    const counts = this.counts(clips);
    const listed = this.listed.length;
    const names = this.panel.hidden ? [] : this.names(clips);
    const key = JSON.stringify([this.filter, counts, listed, clips.length, names, this.panel.hidden]);
    if (key === this.drawnKey) return;
    this.drawnKey = key;
    for (const chip of this.chips) this.drawChip(chip, counts[chip.dataset.status] ?? 0);
    this.button.classList.toggle("on", this.labels().length > 0);
    this.drawActive(listed, clips.length);
    if (!this.panel.hidden) this.drawPanel(names, listed, clips.length);
  }

  counts(clips) {
    const counts = {};
    for (const clip of clips) {
      if (!this.passesRest(clip)) continue;
      const status = this.desk.store.pending.statusOf(clip);
      counts[status] = (counts[status] ?? 0) + 1;
    }
    return counts;
  }

  names(clips) {
    const names = new Set(clips.map((clip) => this.deciderOf(clip)).filter((name) => name !== null));
    if (this.filter.by !== null) names.add(this.filter.by);
    return [...names].sort((a, b) => a.localeCompare(b));
  }

  drawChip(chip, count) {
    const { word } = STATUS[chip.dataset.status];
    setText(chip.lastElementChild, String(count));
    chip.title = word[0].toUpperCase() + word.slice(1);
    chip.setAttribute("aria-label", `${chip.title}, ${count}`);
    chip.setAttribute("aria-pressed", String(this.filter.status.includes(chip.dataset.status)));
  }

  /** The active filters besides the status: each in words, and the change that takes it off. @returns {[string, Partial<Filter>][]} */
  labels() {
    const { rank, reason, by, words, notes, text } = this.filter;
    /** @type {[string, Partial<Filter>][]} */
    const out = [];
    if (text.trim()) out.push([`\u201c${called(text.trim())}\u201d`, { text: "" }]);
    if (rank) out.push([RANKS.find(([value]) => value === rank)[1], { rank: "" }]);
    if (reason) out.push([REASONS.find(([code]) => code === reason)[1], { reason: "" }]);
    if (by !== null) out.push([by ? `By ${shortName(by)}` : "By nobody named", { by: null }]);
    if (words) out.push(["Words changed", { words: false }]);
    if (notes) out.push(["Open notes", { notes: false }]);
    return out;
  }

  drawActive(listed, all) {
    this.active.hidden = !this.isActive;
    if (!this.isActive) return this.active.replaceChildren();
    const chips = this.labels().map(([label, off]) => {
      const chip = makeButton("chip off", "", () => this.takeOff(off));
      const name = make("span", "", label);
      name.dir = "auto";
      const cross = make("span", "", "\u2715");
      cross.setAttribute("aria-hidden", "true");
      chip.append(name, cross);
      chip.setAttribute("aria-label", `Take off the filter: ${label}`);
      return chip;
    });
    const clear = makeButton("quiet clear", "Clear", () => this.takeOff(everything()));
    clear.setAttribute("aria-label", "Clear all filters");
    const count = make("span", "shown", `${listed} of ${all}`);
    count.setAttribute("aria-label", `${listed} of ${all} clips shown`);
    this.active.replaceChildren(count, ...chips, clear);
  }

  takeOff(change) {
    this.set(change);
    this.button.focus({ preventScroll: true }); // the chip pressed goes away
  }

  drawPanel(names, listed, all) {
    const { text, rank, reason, by, words, notes } = this.filter;
    const { fields } = this;
    if (fields.text.value !== text) fields.text.value = text;
    const key = JSON.stringify(names);
    if (fields.by.dataset.names !== key) {
      fields.by.dataset.names = key;
      const options = names.map((name) => new Option(name ? shortName(name) : "Nobody named", `by:${name}`));
      fields.by.replaceChildren(new Option("Anybody", ANYBODY), ...options);
    }
    fields.rank.value = rank;
    fields.reason.value = reason;
    fields.by.value = by === null ? ANYBODY : `by:${by}`;
    fields.words.setAttribute("aria-pressed", String(words));
    fields.notes.setAttribute("aria-pressed", String(notes));
    setText(this.desk.find(".filter-done"), listed === all ? "Done" : `Show ${listed} of ${all}`);
  }

  // --- keeping

  get key() {
    return `clipper.desk.filters.${this.desk.data.project_id}`;
  }

  remember() {
    try {
      if (this.isActive) sessionStorage.setItem(this.key, JSON.stringify(this.filter));
      else sessionStorage.removeItem(this.key);
    } catch {
      // a browser that keeps nothing: a reload shows every clip
    }
  }

  remembered() {
    try {
      return filterOf(JSON.parse(sessionStorage.getItem(this.key) ?? "null"));
    } catch {
      return everything();
    }
  }
}

/** @param {string} name */
function shortName(name) {
  return name.length > MAX_NAME_CHARS ? `${name.slice(0, MAX_NAME_CHARS - 1)}\u2026` : name;
}
