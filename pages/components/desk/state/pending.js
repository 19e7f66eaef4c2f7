// What a person wants, seen at once and stored soon: edges, titles, decisions, clips.

import { called, length } from "../rules/format.js";
import { lengthOf, roundedRanges, sameRanges } from "../rules/rules.js";
import { Undo } from "./history.js";
import { NEW, Outbox, newKey } from "./outbox.js";
import { Known } from "./project_state.js";

/** @typedef {import("./api.js").Clip} Clip */
/** @typedef {import("./outbox.js").Wish} Wish */
/** @typedef {import("./outbox.js").Lane} Lane */
/** @typedef {import("../rules/rules.js").Range} Range */

const NOT_SAVED = "Not saved yet: the server did not answer. Your change is kept here.";
const SAVE_AFTER_MS = 400; // after the last step of an edge: one version for one thought

export class Wishes extends Known {
  /** @param {ReturnType<typeof import("./api.js").makeApi>} api @param {string} projectId @param {string} reviewer */
  constructor(api, projectId, reviewer) {
    super(api, projectId, reviewer);
    this.undoable = new Undo(projectId);
    /** @type {Map<string, number>} drafts waiting for the hand to rest */
    this.timers = new Map();
    /** @type {Map<string, {left: number, refused: {clip: Clip, wishes: Wish[]}[]}>} decisions made together */
    this.batches = new Map();
    /** @type {Map<string, {clip: Clip, at: number}>} clips removed here, and where they stood in the list */
    this.away = new Map();
    this.onStored = (_kind, _id) => {};
    this.outbox = new Outbox(api, projectId, {
      clip: (id) => this.clip(id),
      held: (id) => this.drafts.has(id),
      fits: (id, wish) => wish.kind !== "call" || this.fits(id, wish),
      perform: (wish, etag) => this.perform(wish, etag),
      accept: (id, wish, answer) => this.accept(id, wish, answer),
      refused: (id, lane, error) => this.refused(id, lane, error),
      stuck: () => this.notSaved(),
      freed: () => this.saved(),
      changed: () => this.tell("saving", "clips", "draft"),
    });
  }

  wishesFor(id) {
    return this.outbox?.wishes(id) ?? [];
  }

  /** Whether it will be gone when all that is on its way has arrived. @param {string} id */
  isLeaving(id) {
    return this.wishesFor(id).findLast((w) => w.kind === "deleted" || w.kind === "restored")?.kind === "deleted";
  }

  /** @param {string} id */
  isUnsaved(id) {
    return Boolean(this.outbox.lanes.get(id)?.stuck);
  }

  /** @param {string} id */
  isSaving(id) {
    return this.drafts.has(id) || this.wishesFor(id).length > 0;
  }

  get isStuck() {
    return this.outbox.isStuck;
  }

  retry() {
    this.outbox.retry();
  }

  // --- choosing

  /** @param {string|null} id */
  select(id) {
    if (id === this.selectedId) return;
    if (this.selectedId) this.commit(this.selectedId);
    this.selectedId = id;
    this.tell("selection", "clips");
  }

  // --- edges

  /** Move edges on the screen; nothing is sent until `commit`. @param {Clip} clip @param {Range[]} ranges */
  draft(clip, ranges) {
    clearTimeout(this.timers.get(clip.id));
    if (!this.drafts.has(clip.id)) {
      this.outbox.lane(clip.id); // holds the version these edges were seen on
      this.undoable.push({ kind: "version", id: clip.id, before: this.stateOf(clip) });
    }
    this.drafts.set(clip.id, { ranges });
    this.tell("draft");
  }

  stateOf(clip) {
    const status = this.statusOf(clip);
    const sent = this.wishesFor(clip.id).findLast((w) => w.kind === "decision" && w.decision === status);
    const decision = status === "proposed" ? null : status === clip.status ? clip.decision : (sent ?? null);
    return { ranges: this.rangesOf(clip), title: clip.title, decision };
  }

  /** Save the draft soon: one version for several quick steps. @param {string} id */
  commitSoon(id) {
    clearTimeout(this.timers.get(id));
    this.timers.set(id, setTimeout(() => this.commit(id), SAVE_AFTER_MS));
  }

  /** @param {string} id */
  commit(id) {
    const draft = this.drafts.get(id);
    const clip = this.clip(id);
    clearTimeout(this.timers.get(id));
    if (!draft || !clip) return;
    this.drafts.delete(id);
    const last = this.undoable.done.findLast((s) => s.kind === "version" && s.id === id);
    const step = last?.kind === "version" && !last.after ? last : null;
    if (sameRanges(draft.ranges, this.rangesOf(clip))) {
      if (step) this.undoable.drop(step);
      this.outbox.release(id);
      return this.tell("draft", "clips");
    }
    if (step) step.after = { ranges: draft.ranges, title: clip.title };
    this.undoable.keep();
    this.wishVersion(clip, { ranges: roundedRanges(draft.ranges) });
  }

  commitAll() {
    for (const id of [...this.drafts.keys()]) this.commit(id);
  }

  /** @param {Clip} clip @param {{ranges?: Range[], title?: string, take_words?: boolean, after?: string}} change */
  wishVersion(clip, change) {
    const last = this.outbox.unsent(clip.id);
    if (last?.kind === "version") {
      Object.assign(last, change);
      this.outbox.keep();
    } else this.wish(clip.id, { kind: "version", ...change });
    this.tell("draft", "clips");
  }

  wish(id, wish) {
    this.outbox.put(id, { key: newKey(), by: this.reviewer, ...wish });
  }

  /** @param {Clip} clip @param {Range[]} ranges */
  edit(clip, ranges) {
    this.draft(clip, ranges);
    this.commit(clip.id);
  }

  /** @param {Clip} clip @param {string} title */
  rename(clip, title) {
    this.commit(clip.id);
    this.undoable.push({ kind: "version", id: clip.id, before: this.stateOf(clip), after: { ranges: this.rangesOf(clip), title } });
    this.call(clip.id, title);
    this.wishVersion(clip, { title });
  }

  // a new title is shown at once
  call(id, title) {
    this.clips = this.clips.map((c) => (c.id === id ? { ...c, title } : c));
  }

  /** The words of the newest transcript, as a version of their own. @param {Clip} clip */
  takeWords(clip) {
    this.commit(clip.id);
    this.wishVersion(clip, { take_words: true });
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
    if (decision !== "withdrawn") this.undoable.push({ kind: "decision", made });
    this.decideAll(made);
  }

  /** @param {import("./history.js").Made[]} made */
  decideAll(made) {
    const batch = made.length > 1 ? newKey() : undefined;
    if (batch) this.batches.set(batch, { left: made.length, refused: [] });
    for (const { id, ...wish } of made) this.wish(id, { kind: "decision", ...wish, ...(batch ? { batch } : {}) });
    this.tell("clips");
  }

  // --- clips

  /** @param {Range[]} ranges @param {string} [title] */
  create(ranges, title) {
    const key = newKey();
    this.undoable.push({ kind: "created", id: "", key, ranges: roundedRanges(ranges), title: title ?? "" });
    this.wish(NEW, { key, kind: "created", ranges: roundedRanges(ranges), ...(title ? { title } : {}) });
  }

  /** @param {Clip} clip */
  remove(clip) {
    this.commit(clip.id); // brought back, it is as it was
    this.undoable.push({ kind: "deleted", id: clip.id, ranges: this.rangesOf(clip), title: clip.title });
    this.removeQuietly(clip);
  }

  removeQuietly(clip) {
    this.wish(clip.id, { kind: "deleted" });
    this.without(clip.id);
  }

  /** @param {{id: string, title: string, etag?: string}} clip */
  bringBack({ id, etag = "", title }) {
    if (this.comeBack(id, etag)) this.select(id);
    return called(title);
  }

  /** @param {string} id @param {string} etag @param {{after?: string, quiet?: boolean}} [how] @returns {boolean} whether it is seen again by that */
  comeBack(id, etag, how = {}) {
    this.wish(id, { kind: "restored", ...(etag ? { etag } : {}), ...how });
    this.hidden.delete(id);
    const away = this.away.get(id);
    if (!away || this.clip(id)) return false;
    this.clips = [...this.clips.slice(0, away.at), away.clip, ...this.clips.slice(away.at)];
    this.tell("clips");
    return true;
  }

  /** It is gone from the screen. @param {string} id */
  without(id) {
    const here = (this.clips ?? []).findIndex((c) => c.id === id);
    if (here < 0) return;
    this.hidden.add(id);
    this.away.set(id, { clip: this.clips[here], at: here });
    this.clips = this.clips.filter((c) => c.id !== id);
    if (this.selectedId === id) {
      this.selectedId = (this.clips[here] ?? this.clips[here - 1])?.id ?? null;
      this.tell("selection");
    }
    this.tell("clips", "draft");
  }

  /** Clips as the server has them now, new ones at the end. @param {...Clip} clips */
  put(...clips) {
    this.stored += 1;
    for (const clip of clips) {
      if (this.isLeaving(clip.id)) continue;
      this.hidden.delete(clip.id);
      const lane = this.outbox.lanes.get(clip.id);
      if (lane) [lane.etag, lane.seen] = [clip.etag, clip];
      const shown = this.titled(clip);
      const known = this.clip(clip.id);
      this.clips = known ? this.clips.map((c) => (c.id === clip.id ? shown : c)) : [...(this.clips ?? []), shown];
    }
    this.tell("clips", "draft");
  }

  // one that is being brought back stays on the screen though the server does not have it yet
  asWanted(clips) {
    const coming = (this.clips ?? []).filter((c) => this.wishesFor(c.id).some((w) => w.kind === "restored"));
    return super.asWanted([...clips, ...coming.filter((c) => !clips.some((one) => one.id === c.id))]);
  }

  // --- what became of it

  /** @param {string} id @param {Wish} wish @param {any} answer */
  accept(id, wish, answer) {
    this.stored += 1;
    if (wish.kind === "call") return this.answered(wish, answer);
    if (wish.kind === "deleted") return this.removed(id, answer.etag);
    const before = this.clip(answer.id);
    this.put(answer);
    if (wish.kind === "version") this.versionStored(before, answer);
    if (wish.kind === "created") this.created(answer, wish.key);
    if (wish.kind === "restored" && !before && !wish.quiet && this.clip(answer.id)) this.select(answer.id);
    if (wish.batch) this.settled(wish.batch);
    this.onStored(wish.kind === "restored" ? "created" : wish.kind, answer.id);
  }

  /** @param {Clip} clip @param {string} key it was sent with */
  created(clip, key) {
    const step = this.undoable.creation(key);
    if (step) Object.assign(step, { id: clip.id, title: clip.title });
    this.undoable.keep();
    if (this.undoable.undone.includes(step)) return this.removeQuietly(clip); // taken back meanwhile
    this.select(clip.id);
    const text = `New clip, ${length(lengthOf(clip.ranges))}. Trim it by its edges, then decide.`;
    this.say({ text, tone: "ok" });
  }

  removed(id, etag) {
    if (!this.wishesFor(id).some((w) => w.kind === "restored")) this.without(id);
    for (const step of [...this.undoable.done, ...this.undoable.undone]) if ("id" in step && step.id === id) step.etag = etag;
    this.undoable.keep();
    this.onStored("deleted", id);
  }

  versionStored(before, clip) {
    if (before && before.status !== "proposed" && this.statusOf(clip) === "proposed") {
      const text = "This is a new version of the clip, so it needs a new decision.";
      const action = clip.carry_from ? { label: "Carry the approval over", key: "Shift A", run: () => this.carry(clip.id) } : null;
      this.say({ text, tone: "info", ...(action ? { action } : {}) });
    }
  }

  /** The approval of an earlier version holds for the newest as well. @param {string} id */
  carry(id) {
    const clip = this.clip(id);
    if (clip) this.decide(clip, "approved", null, null, { carry: true });
  }

  saved() {
    this.unsay(NOT_SAVED);
    this.say({ text: "Saved now.", tone: "ok" });
  }

  notSaved() {
    this.say({ text: NOT_SAVED, tone: "error", stays: true, action: { label: "Retry", run: () => this.retry() } });
  }

  // --- what the next layers know better

  /** @param {string} _id @param {any} _wish @returns {boolean} */
  fits(_id, _wish) {
    return false;
  }

  /** @param {Wish} _wish @param {string|null} _etag @returns {Promise<any>} */
  async perform(_wish, _etag) {}

  /** @param {Wish} _wish @param {any} _answer @returns {Record<string, any>|undefined} */
  answered(_wish, _answer) {
    return undefined;
  }

  /** @param {string} _id @param {Lane} _lane @param {import("./api.js").Problem} _error */
  refused(_id, _lane, _error) {}

  /** @param {string} _batch */
  settled(_batch) {}
}
