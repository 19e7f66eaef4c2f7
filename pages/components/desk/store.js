// How what a person wants reaches the server.
//
// Every clip has a lane: wishes sent one after the other, each with the etag of what the person saw. No answer: the
// lane waits and can be retried. Stale or refused: the rest of the lane is dropped, since it rested on that version.

import { Problem } from "./api.js";
import { length } from "./format.js";
import { Known } from "./known.js";
import { lengthOf, sameRanges, toMs } from "./rules.js";

/** @typedef {import("./api.js").Clip} Clip */
/** @typedef {import("./known.js").Lane} Lane */
/** @typedef {import("./rules.js").Range} Range */
/** @typedef {{kind: "version"|"decision"|"created", ranges?: Range[], title?: string, decision?: string,
 *   reason?: string|null, note?: string|null}} Wish */

const SAVE_AFTER_MS = 400; // after the last step of an edge: one version for one thought
const NEW = "(new)"; // the lane of clips that have no id yet

export class Store extends Known {
  /** @param {ReturnType<typeof import("./api.js").makeApi>} api @param {string} projectId @param {string} reviewer */
  constructor(api, projectId, reviewer) {
    super(api, projectId, reviewer);
    /** @type {{kind: "decision"|"version", id: string, ranges?: Range[]}[]} */
    this.undoable = [];
    this.onStored = (_kind, _id) => {};
  }

  // --- choosing

  /** @param {string|null} id */
  select(id) {
    if (id === this.selectedId) return;
    if (this.selectedId) this.commit(this.selectedId);
    this.selectedId = id;
    this.tell("selection", "clips");
  }

  // --- wishing

  /** Move edges on the screen; nothing is sent until `commit`. @param {Clip} clip @param {Range[]} ranges */
  draft(clip, ranges) {
    const lane = this.lane(clip.id);
    clearTimeout(lane.timer);
    if (!this.drafts.has(clip.id)) this.undoable.push({ kind: "version", id: clip.id, ranges: clip.ranges });
    this.drafts.set(clip.id, { ranges, queued: false });
    this.tell("draft");
  }

  /** Save the draft soon: one version for several quick steps. @param {string} id */
  commitSoon(id) {
    const lane = this.lane(id);
    clearTimeout(lane.timer);
    lane.timer = setTimeout(() => this.commit(id), SAVE_AFTER_MS);
  }

  /** @param {string} id */
  commit(id) {
    const draft = this.drafts.get(id);
    const clip = this.clip(id);
    if (!draft || !clip) return;
    const lane = this.lane(id);
    clearTimeout(lane.timer);
    const last = lane.wishes[lane.wishes.length - 1];
    if (draft.queued) return;
    if (!lane.wishes.length && sameRanges(draft.ranges, clip.ranges)) return this.forgetDraft(id);
    draft.queued = true;
    if (last?.kind === "version" && !(lane.busy && lane.wishes.length === 1)) last.ranges = draft.ranges;
    else lane.wishes.push({ kind: "version", ranges: draft.ranges });
    this.pump(id);
  }

  forgetDraft(id) {
    this.drafts.delete(id);
    const last = this.undoable[this.undoable.length - 1];
    if (last?.kind === "version" && last.ranges === this.clip(id)?.ranges) this.undoable.pop();
    if (!this.lanes.get(id)?.wishes.length) this.lanes.delete(id);
    this.tell("draft", "clips");
  }

  /** @param {Clip} clip @param {Range[]} ranges */
  edit(clip, ranges) {
    this.draft(clip, ranges);
    this.commit(clip.id);
  }

  /** @param {Clip} clip @param {string} title */
  rename(clip, title) {
    this.commit(clip.id);
    this.lane(clip.id).wishes.push({ kind: "version", ranges: this.rangesOf(clip), title });
    this.pump(clip.id);
  }

  /** @param {Clip} clip @param {string} decision @param {string|null} [reason] @param {string|null} [note] */
  decide(clip, decision, reason = null, note = null) {
    this.commit(clip.id);
    this.lane(clip.id).wishes.push({ kind: "decision", decision, reason, note });
    this.expected.set(clip.id, decision === "withdrawn" ? "proposed" : decision);
    if (decision !== "withdrawn") this.undoable.push({ kind: "decision", id: clip.id });
    this.tell("clips");
    this.pump(clip.id);
  }

  /** @param {Range[]} ranges @param {string} [title] */
  create(ranges, title) {
    this.lane(NEW).wishes.push({ kind: "created", ranges, ...(title ? { title } : {}) });
    this.pump(NEW);
  }

  /** @param {Clip} clip */
  remove(clip) {
    clearTimeout(this.lane(clip.id).timer);
    this.drafts.delete(clip.id);
    this.lane(clip.id).wishes.push({ kind: "deleted" });
    this.pump(clip.id);
  }

  /** Take back the last decision or trim made here, else the decision on the open clip. @returns {Clip|null} */
  undo() {
    while (this.undoable.length) {
      const step = this.undoable.pop();
      const clip = this.clip(step.id);
      if (!clip) continue;
      // an edit since then made a new version, on which nothing is decided
      if (step.kind === "decision" && this.statusOf(clip) === "proposed") continue;
      this.select(clip.id);
      if (step.kind === "decision") this.decide(clip, "withdrawn");
      else if (step.kind === "created") this.remove(clip);
      else this.restore(clip, step.ranges);
      return clip;
    }
    const clip = this.selected;
    if (!clip || this.statusOf(clip) === "proposed") return null;
    this.decide(clip, "withdrawn");
    return clip;
  }

  restore(clip, ranges) {
    const depth = this.undoable.length;
    this.edit(clip, ranges);
    this.undoable.length = Math.min(this.undoable.length, depth); // taking back is not itself a step to take back
  }

  // --- sending

  /** @param {string} id @returns {Lane} */
  lane(id) {
    let lane = this.lanes.get(id);
    if (!lane) {
      lane = { wishes: [], etag: this.clip(id)?.etag ?? null, busy: false, stuck: false, timer: 0 };
      this.lanes.set(id, lane);
    }
    return lane;
  }

  retry() {
    for (const [id, lane] of this.lanes) if (lane.stuck) this.pump(id);
  }

  /** @param {string} id */
  async pump(id) {
    const lane = this.lanes.get(id);
    if (!lane || lane.busy) return;
    lane.busy = true;
    this.tell("saving");
    try {
      while (lane.wishes.length) {
        const wish = lane.wishes[0];
        const clip = await this.send(id, lane, wish);
        lane.wishes.shift();
        if (lane.stuck) this.say({ text: "Saved now.", tone: "ok" });
        lane.stuck = false;
        if (wish.kind === "deleted") this.removed(id);
        else this.accept(lane, wish, clip);
      }
      if (!this.drafts.has(id)) this.lanes.delete(id);
    } catch (error) {
      await this.failed(id, lane, error);
    } finally {
      lane.busy = false;
      this.tell("saving", "clips", "draft");
    }
  }

  /** @param {string} id @param {Lane} lane @param {Wish} wish @returns {Promise<Clip>} */
  send(id, lane, wish) {
    const { kind, ...rest } = wish;
    const body = { ...rest, by: this.reviewer };
    if (body.ranges) body.ranges = body.ranges.map((r) => ({ start_s: toMs(r.start_s), end_s: toMs(r.end_s) }));
    if (kind === "created") return this.api.create(body);
    if (kind === "deleted") return this.api.remove(id, lane.etag);
    return kind === "version" ? this.api.version(id, lane.etag, body) : this.api.decide(id, lane.etag, body);
  }

  /** @param {Lane} lane @param {Wish} wish @param {Clip} clip */
  accept(lane, wish, clip) {
    this.stored += 1;
    lane.etag = clip.etag;
    const before = this.clip(clip.id);
    if (before) this.clips = this.clips.map((c) => (c.id === clip.id ? clip : c));
    else this.clips = [...(this.clips ?? []), clip];
    if (wish.kind === "version") this.versionStored(before, wish, clip);
    if (wish.kind === "decision" && !lane.wishes.some((w) => w.kind === "decision")) this.expected.delete(clip.id);
    if (wish.kind === "created") {
      this.select(clip.id);
      this.undoable.push({ kind: "created", id: clip.id });
      const long = length(lengthOf(clip.ranges));
      this.say({ text: `New clip, ${long}. Trim it by its edges, then decide.`, tone: "ok" });
    }
    this.tell("clips", "draft");
    this.onStored(wish.kind, clip.id);
  }

  removed(id) {
    this.clips = (this.clips ?? []).filter((c) => c.id !== id);
    this.undoable = this.undoable.filter((step) => step.id !== id);
    if (this.selectedId === id) {
      this.selectedId = this.clips[0]?.id ?? null;
      this.tell("selection");
    }
    this.say({ text: "The clip was removed.", tone: "info" });
    this.tell("clips", "draft");
    this.onStored("deleted", id);
  }

  versionStored(before, wish, clip) {
    if (this.drafts.get(clip.id)?.ranges === wish.ranges) this.drafts.delete(clip.id);
    if (before && before.status !== "proposed" && clip.status === "proposed") {
      this.say({ text: "This is a new version of the clip, so it needs a new decision.", tone: "info" });
    }
  }

  async failed(id, lane, error) {
    if (this.closed) return;
    if (error instanceof Problem) {
      const wish = lane.wishes[0];
      this.dropLane(id);
      if (error.status === 412) return this.stale(id, wish);
      this.say({ text: error.message, tone: "error" });
      return this.readClips().catch(() => {});
    }
    lane.stuck = true;
    const text = "Not saved yet: the server did not answer. Your change is kept here.";
    this.say({ text, tone: "error", stays: true, action: { label: "Retry", run: () => this.retry() } });
  }

  dropLane(id) {
    clearTimeout(this.lanes.get(id)?.timer);
    this.lanes.delete(id);
    this.drafts.delete(id);
    this.expected.delete(id);
    this.undoable = this.undoable.filter((step) => step.id !== id);
  }

  /** Somebody was faster: show theirs, and offer what was wanted here as a step of its own. */
  async stale(id, wish) {
    await this.readClips().catch(() => {});
    const clip = this.clip(id);
    if (!clip) return this.say({ text: "This clip is no longer here.", tone: "info" });
    // an answer that was lost on the way: the wish had already come true
    const done = wish.kind === "version" ? sameRanges(wish.ranges, clip.ranges) : clip.decision?.decision === wish.decision;
    if (done && (wish.kind === "version" || clip.decision.by === this.reviewer)) return this.onStored(wish.kind, id);
    this.selectedId = id;
    this.tell("selection");
    const mine = { label: "Use my edges", run: () => this.edit(this.clip(id) ?? clip, wish.ranges) };
    const text = `${this.whoChanged(clip)} changed this clip; here is the new version.`;
    this.say({ text, tone: "info", stays: true, ...(wish.kind === "version" ? { action: mine } : {}) });
  }

  /** Send what waits and stop listening. */
  close() {
    for (const id of [...this.drafts.keys()]) this.commit(id);
    this.closed = true;
    clearTimeout(this.pollTimer);
  }
}
