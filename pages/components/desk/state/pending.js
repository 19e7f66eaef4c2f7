// The reviewer's changes of edges, titles, decisions and clips: shown at once, stored soon.
//
// Edges under the hand are a draft. Left alone for a moment they become a pending change, which the outbox sends. The
// desk shows the server's clips with what is pending on top.

import { called, length } from "../rules/format.js";
import { lengthOf, roundedRanges, sameRanges } from "../rules/rules.js";
import { statusAfter } from "../rules/status.js";
import { NEW, newKey } from "./outbox.js";

/** @typedef {import("./api.js").Clip} Clip */
/** @typedef {import("./outbox.js").PendingChange} PendingChange */
/** @typedef {import("../rules/rules.js").Range} Range */

const NOT_SAVED = "Not saved yet: the server did not answer. Your change is kept here.";
const SAVE_AFTER_MS = 400; // after the last step of an edge, so that several quick steps are one version

export class PendingChanges {
  /** @param {{project: import("./project_state.js").ProjectState, selection: import("./selection.js").Selection,
   *   outbox: import("./outbox.js").Outbox, history: import("./history.js").History,
   *   topics: import("./topics.js").Topics, notices: import("./notices.js").Notices}} floors */
  constructor({ project, selection, outbox, history, topics, notices }) {
    this.project = project;
    this.selection = selection;
    this.outbox = outbox;
    this.history = history;
    this.topics = topics;
    this.notices = notices;
    this.reviewer = ""; // whose name the changes carry
    /** @type {Map<string, {ranges: Range[]}>} edges under the hand */
    this.drafts = new Map();
    /** @type {Map<string, number>} timers of drafts that wait for the hand to rest */
    this.timers = new Map();
    /** @type {Set<string>} clips removed here: an older answer does not bring them back */
    this.hidden = new Set();
    /** @type {Map<string, {clip: Clip, at: number}>} clips removed here, and their places in the list */
    this.away = new Map();
    /** @type {Map<string, {left: number, refused: {clip: Clip, changes: PendingChange[]}[]}>} decisions made in one step */
    this.batches = new Map();
  }

  // --- looking

  /** The changes on their way for a clip. @param {string} id */
  of(id) {
    return this.outbox.changes(id);
  }

  /** The edges of a clip as the reviewer last left them. @param {Clip} clip */
  rangesOf(clip) {
    const draft = this.drafts.get(clip.id);
    return draft?.ranges ?? this.of(clip.id).findLast((change) => change.ranges)?.ranges ?? clip.ranges;
  }

  /** The status of a clip once everything on its way is stored. @param {Clip} clip @returns {import("../rules/format.js").Status} */
  statusOf(clip) {
    if (this.drafts.has(clip.id)) return "proposed";
    const changes = this.of(clip.id);
    return changes.length ? statusAfter(clip, changes) : clip.status;
  }

  /**
   * The decision by which a clip has its status: on its way, or on record; null while it is undecided.
   * @param {Clip} clip @returns {{decision?: string, reason?: string|null, note?: string|null, by?: string, at?: string,
   *   carried_from?: number|null}|null}
   */
  decisionOf(clip) {
    const status = this.statusOf(clip);
    const recorded = clip.decision?.decision === status ? clip.decision : null;
    return this.of(clip.id).findLast((change) => change.decision === status) ?? recorded;
  }

  /** True if a clip is removed once everything on its way is stored. @param {string} id */
  isLeaving(id) {
    return this.of(id).findLast((c) => c.kind === "deleted" || c.kind === "restored")?.kind === "deleted";
  }

  /** True if changes of a clip got no answer. @param {string} id */
  isUnsaved(id) {
    return Boolean(this.outbox.lanes.get(id)?.stuck);
  }

  /** @param {string} id */
  isSaving(id) {
    return this.drafts.has(id) || this.of(id).length > 0;
  }

  /** True if nothing of any clip is under the hand or on its way. */
  get isEmpty() {
    return this.drafts.size === 0 && this.outbox.isEmpty;
  }

  // --- edges under the hand

  /** Move edges on the screen; nothing is sent until `commit`. @param {Clip} clip @param {Range[]} ranges */
  draft(clip, ranges) {
    clearTimeout(this.timers.get(clip.id));
    if (!this.drafts.has(clip.id)) {
      this.outbox.lane(clip.id); // holds the version these edges were moved on, should a newer one be read meanwhile
      this.history.push({ kind: "version", id: clip.id, before: this.stateOf(clip) });
    }
    this.drafts.set(clip.id, { ranges });
    this.topics.tell("draft");
  }

  // edges, title and decision of a clip as they are shown, for undo to go back to
  stateOf(clip) {
    const status = this.statusOf(clip);
    const sent = this.of(clip.id).findLast((c) => c.kind === "decision" && c.decision === status);
    const decision = status === "proposed" ? null : status === clip.status ? clip.decision : (sent ?? null);
    return { ranges: this.rangesOf(clip), title: clip.title, decision };
  }

  /** Save the draft soon: one version for several quick steps. @param {string} id */
  commitSoon(id) {
    clearTimeout(this.timers.get(id));
    this.timers.set(id, setTimeout(() => this.commit(id), SAVE_AFTER_MS));
  }

  /** Make the draft of a clip a pending change, where it has one. @param {string} id */
  commit(id) {
    const draft = this.drafts.get(id);
    const clip = this.project.clip(id);
    clearTimeout(this.timers.get(id));
    if (!draft || !clip) return;
    this.drafts.delete(id);
    const last = this.history.done.findLast((s) => s.kind === "version" && s.id === id);
    const step = last?.kind === "version" && !last.after ? last : null;
    if (sameRanges(draft.ranges, this.rangesOf(clip))) {
      if (step) this.history.drop(step);
      this.outbox.release(id);
      return this.topics.tell("draft", "clips");
    }
    if (step) step.after = { ranges: draft.ranges, title: clip.title };
    this.history.persist();
    this.addVersion(clip, { ranges: roundedRanges(draft.ranges) });
  }

  commitAll() {
    for (const id of [...this.drafts.keys()]) this.commit(id);
  }

  /** @param {Clip} clip @param {Range[]} ranges */
  edit(clip, ranges) {
    this.draft(clip, ranges);
    this.commit(clip.id);
  }

  // --- versions

  /** @param {Clip} clip @param {{ranges?: Range[], title?: string, take_words?: boolean, after?: string}} version */
  addVersion(clip, version) {
    const last = this.outbox.unsent(clip.id);
    if (last?.kind === "version") {
      Object.assign(last, version); // one version for both
      this.outbox.persist();
    } else this.add(clip.id, { kind: "version", ...version });
    this.topics.tell("draft", "clips");
  }

  /** @param {string} id @param {Omit<PendingChange, "key"> & {key?: string}} change */
  add(id, change) {
    this.outbox.put(id, { key: newKey(), by: this.reviewer, ...change });
  }

  /** @param {Clip} clip @param {string} title */
  rename(clip, title) {
    this.commit(clip.id);
    this.history.push({ kind: "version", id: clip.id, before: this.stateOf(clip), after: { ranges: this.rangesOf(clip), title } });
    this.project.patchClip(clip.id, { title });
    this.addVersion(clip, { title });
  }

  /** Give a clip the words of the newest transcript, as a version of its own. @param {Clip} clip */
  takeWords(clip) {
    this.commit(clip.id);
    this.addVersion(clip, { take_words: true });
  }

  /**
   * Give a clip its edges and title of before. A version that had been decided on gets its decision again, since it is
   * the same once more.
   * @param {Clip} clip @param {import("./history.js").VersionStep["before"]} state
   */
  restoreVersion(clip, { ranges, title, decision }) {
    /** @type {{ranges?: Range[], title?: string}} */
    const version = sameRanges(ranges, this.rangesOf(clip)) ? {} : { ranges: roundedRanges(ranges) };
    if (title !== clip.title) version.title = title;
    this.project.patchClip(clip.id, { title });
    if (Object.keys(version).length) this.addVersion(clip, version);
    if (!decision) return;
    const { reason, note } = decision;
    const carry = decision.decision === "approved" ? { carry: true } : {};
    this.addDecisions([{ id: clip.id, decision: decision.decision, reason, note, ...carry }]);
  }

  // --- decisions

  /**
   * Decide on one clip, or on several as one step.
   * @param {Clip|Clip[]} clips @param {string} decision @param {string|null} [reason] @param {string|null} [note]
   * @param {{carry?: boolean}} [how]
   */
  decide(clips, decision, reason = null, note = null, how = {}) {
    const several = [clips].flat();
    for (const clip of several) this.commit(clip.id);
    const made = several.map(({ id }) => ({ id, decision, reason, note, ...how }));
    if (decision !== "withdrawn") this.history.push({ kind: "decision", made });
    this.addDecisions(made);
  }

  /** @param {import("./history.js").DecisionMade[]} decisions */
  addDecisions(decisions) {
    const batch = decisions.length > 1 ? newKey() : undefined;
    if (batch) this.batches.set(batch, { left: decisions.length, refused: [] });
    for (const { id, ...decision } of decisions) this.add(id, { kind: "decision", ...decision, ...(batch ? { batch } : {}) });
    this.topics.tell("clips");
  }

  /** Let the approval of an earlier version hold for the newest as well. @param {string} id */
  carry(id) {
    const clip = this.project.clip(id);
    if (clip) this.decide(clip, "approved", null, null, { carry: true });
  }

  // --- clips

  /** @param {Range[]} ranges @param {string} [title] */
  create(ranges, title) {
    const key = newKey();
    this.history.push({ kind: "created", id: "", key, ranges: roundedRanges(ranges), title: title ?? "" });
    this.add(NEW, { key, kind: "created", ranges: roundedRanges(ranges), ...(title ? { title } : {}) });
  }

  /** @param {Clip} clip */
  remove(clip) {
    this.commit(clip.id); // brought back, it has the edges it had
    this.history.push({ kind: "deleted", id: clip.id, ranges: this.rangesOf(clip), title: clip.title });
    this.removeQuietly(clip);
  }

  /** Remove a clip without a step in the history. @param {Clip} clip */
  removeQuietly(clip) {
    this.add(clip.id, { kind: "deleted" });
    this.hide(clip.id);
  }

  /** @param {{id: string, title: string, etag?: string}} clip @returns {string} what it is called */
  bringBack({ id, etag = "", title }) {
    if (this.restore(id, etag)) this.selection.select(id);
    return called(title);
  }

  /** @param {string} id @param {string} etag @param {import("./commands.js").How} [how] @returns {boolean} whether that shows it again */
  restore(id, etag, how = {}) {
    this.add(id, { kind: "restored", ...(etag ? { etag } : {}), ...how });
    this.hidden.delete(id);
    const away = this.away.get(id);
    if (!away || this.project.clip(id)) return false;
    this.project.insertClip(away.at, away.clip);
    this.topics.tell("clips");
    return true;
  }

  /** Take a clip off the screen. @param {string} id */
  hide(id) {
    const here = (this.project.clips ?? []).findIndex((c) => c.id === id);
    if (here < 0) return;
    this.hidden.add(id);
    this.away.set(id, { clip: this.project.clips[here], at: here });
    this.project.dropClip(id);
    const { clips } = this.project;
    if (this.selection.id === id) this.selection.moveTo((clips[here] ?? clips[here - 1])?.id ?? null);
    this.topics.tell("clips", "draft");
  }

  // --- the server's clips, with what is pending on top

  /** Take the clips of a reading. @param {Clip[]} clips */
  adopt(clips) {
    for (const id of this.hidden) if (!clips.some((c) => c.id === id) && !this.of(id).length) this.hidden.delete(id);
    this.project.take("clips", this.onTop(clips));
  }

  /** @param {Clip[]} clips */
  onTop(clips) {
    // one that is being brought back stays on the screen though the server does not have it yet
    const coming = (this.project.clips ?? []).filter((c) => this.of(c.id).some((change) => change.kind === "restored"));
    const all = [...clips, ...coming.filter((c) => !clips.some((one) => one.id === c.id))];
    return all.filter((c) => !this.hidden.has(c.id)).map((c) => this.titled(c));
  }

  /** A clip under the title the reviewer gave it last. @param {Clip} clip @returns {Clip} */
  titled(clip) {
    const title = this.of(clip.id).findLast((c) => c.title && c.kind === "version")?.title;
    return title && title !== clip.title ? { ...clip, title } : clip;
  }

  /** Take clips from the answer to a change, new ones at the end of the list. @param {...Clip} clips */
  put(...clips) {
    this.project.writes += 1;
    for (const clip of clips) {
      if (this.isLeaving(clip.id)) continue;
      this.hidden.delete(clip.id);
      const lane = this.outbox.lanes.get(clip.id);
      if (lane) [lane.etag, lane.seen] = [clip.etag, clip];
      this.project.putClip(this.titled(clip));
    }
    this.topics.tell("clips", "draft");
  }

  // --- answers

  /** Take the answer to a change that is no call. @param {string} id @param {PendingChange} change @param {any} answer */
  accept(id, change, answer) {
    if (change.kind === "deleted") return this.removed(id, answer.etag);
    const before = this.project.clip(answer.id);
    this.put(answer);
    if (change.kind === "version") this.versionStored(before, answer);
    if (change.kind === "created") this.created(answer, change.key);
    if (change.kind === "restored" && !before && !change.quiet && this.project.clip(answer.id)) this.selection.select(answer.id);
  }

  /** @param {Clip} clip @param {string} key it was sent with */
  created(clip, key) {
    const step = this.history.creation(key);
    if (step) Object.assign(step, { id: clip.id, title: clip.title });
    this.history.persist();
    if (this.history.undone.includes(step)) return this.removeQuietly(clip); // it was taken back before its answer
    this.selection.select(clip.id);
    const text = `New clip, ${length(lengthOf(clip.ranges))}. Trim it by its edges, then decide.`;
    this.notices.say({ text, tone: "ok" });
  }

  /** A clip is removed on the server too. @param {string} id @param {string} etag with which it can be brought back */
  removed(id, etag) {
    if (!this.of(id).some((c) => c.kind === "restored")) this.hide(id);
    for (const step of this.history.steps) if ("id" in step && step.id === id) step.etag = etag;
    this.history.persist();
    this.topics.onStored("deleted", id);
  }

  versionStored(before, clip) {
    if (!before || before.status === "proposed" || this.statusOf(clip) !== "proposed") return;
    const text = "This is a new version of the clip, so it needs a new decision.";
    const action = clip.carry_from ? { label: "Carry the approval over", key: "Shift A", run: () => this.carry(clip.id) } : null;
    this.notices.say({ text, tone: "info", ...(action ? { action } : {}) });
  }

  // --- without an answer

  saySaved() {
    this.notices.withdraw(NOT_SAVED);
    this.notices.say({ text: "Saved now.", tone: "ok" });
  }

  sayNotSaved() {
    this.notices.say({ text: NOT_SAVED, tone: "error", stays: true, action: { label: "Retry", run: () => this.outbox.retry() } });
  }
}
