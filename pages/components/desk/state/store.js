// What was done here, taken back and done again.

import { called } from "../rules/format.js";
import { roundedRanges, sameRanges } from "../rules/rules.js";
import { Refusals } from "./conflicts.js";

/** @typedef {import("../rules/rules.js").Range} Range */

/** @type {Record<string, string>} */
const DECISIONS = { approved: "the approval", rejected: "the rejection", changes_requested: "the request for changes" };

export class Store extends Refusals {
  // --- taken back, and done again

  /** Take back the last thing done here, else one's own decision on the open clip. @returns {string|null} what it was */
  undo() {
    this.commitAll();
    while (this.undoable.done.length) {
      const step = this.undoable.done.pop();
      const what = this.takeBack(step);
      if (what === null) continue;
      this.undoable.undone.push(step);
      this.undoable.keep();
      return what;
    }
    const clip = this.selected;
    if (!clip || this.statusOf(clip) === "proposed") return null;
    if (!this.reviewer || clip.decision?.by !== this.reviewer) return null; // what somebody else decided is answered by a decision, not taken back
    this.decideAll([{ id: clip.id, decision: "withdrawn", reason: null, note: null }]);
    return `the decision on ${called(clip.title)}`;
  }

  /** Whether the next step back or forth stores a decision, which carries a name. @param {boolean} [again] */
  undoDecides(again = false) {
    const { done, undone } = this.undoable;
    const decides = (step) => step.kind === "decision" || (step.kind === "version" && Boolean(step.before.decision));
    if (again) return undone.some((step) => step.kind === "decision");
    return done.some(decides);
  }

  /** @returns {string|null} */
  redo() {
    while (this.undoable.undone.length) {
      const step = this.undoable.undone.pop();
      const what = this.doAgain(step);
      if (what === null) continue;
      this.undoable.done.push(step);
      this.undoable.keep();
      return what;
    }
    return null;
  }

  /** @param {import("./history.js").Step} step */
  takeBack(step) {
    if (step.kind === "call") {
      step.back = this.run(step, step.undo);
      return step.label;
    }
    if (step.kind === "decision") return this.takeBackDecisions(step);
    if (step.kind === "deleted") return this.bringBack(step);
    if (step.kind === "created" && !step.id) return "new clip"; // goes away again as soon as it is there
    const clip = this.clip(step.id);
    if (!clip) return null;
    this.select(clip.id);
    if (step.kind === "version") this.restoreVersion(clip, step.before);
    else this.removeQuietly(clip);
    return whatStep(step, clip.title);
  }

  takeBackDecisions(step) {
    // an edit since then made a new version, on which that is not decided any more
    const standing = step.made.filter((m) => this.clip(m.id) && this.statusOf(this.clip(m.id)) === m.decision);
    if (!standing.length) return null;
    this.select(standing[0].id);
    this.decideAll(standing.map(({ id }) => ({ id, decision: "withdrawn", reason: null, note: null })));
    return this.nameOf(standing);
  }

  nameOf(made) {
    const what = DECISIONS[made[0].decision] ?? "the decision";
    return made.length > 1 ? `${what}, ${made.length} clips` : `${what}, ${called(this.clip(made[0].id)?.title ?? "")}`;
  }

  /** @param {import("./history.js").Step} step */
  doAgain(step) {
    if (step.kind === "call") {
      const key = this.run(step, step.redo);
      if (this.verbs.get(step.redo.verb).found) step.key = key;
      return step.label;
    }
    if (step.kind === "decision") {
      const made = step.made.filter((m) => this.clip(m.id));
      if (!made.length) return null;
      this.select(made[0].id);
      this.decideAll(made);
      return this.nameOf(made);
    }
    if (step.kind === "created") return step.id ? this.bringBack(step) : "new clip";
    const clip = this.clip(step.id);
    if (!clip) return null;
    this.select(clip.id);
    if (step.kind !== "version") this.removeQuietly(clip);
    else if (step.after) this.restoreVersion(clip, { ...step.after, decision: null });
    return whatStep(step, clip.title);
  }

  // The edges and title as they were; and if that version had been decided on, so is this one: it is the same again.
  restoreVersion(clip, { ranges, title, decision }) {
    /** @type {{ranges?: Range[], title?: string}} */
    const change = sameRanges(ranges, this.rangesOf(clip)) ? {} : { ranges: roundedRanges(ranges) };
    if (title !== clip.title) change.title = title;
    this.call(clip.id, title);
    if (Object.keys(change).length) this.wishVersion(clip, change);
    if (!decision) return;
    const { reason, note } = decision;
    const carry = decision.decision === "approved" ? { carry: true } : {};
    this.decideAll([{ id: clip.id, decision: decision.decision, reason, note, ...carry }]);
  }

  /** Send what waits and stop listening. */
  close() {
    this.commitAll();
    this.outbox.close();
    this.closed = true;
    clearTimeout(this.pollTimer);
  }
}

/** What a step did, as in "Taken back: the edges of …". @param {import("./history.js").Step} step @param {string} title */
function whatStep(step, title) {
  if (step.kind === "created") return `the new clip, ${called(title)}`;
  if (step.kind === "deleted") return `the removal, ${called(title)}`;
  if (step.kind === "version" && step.after && sameRanges(step.before.ranges, step.after.ranges)) return `the title, ${called(title)}`;
  return `the edges, ${called(title)}`;
}
