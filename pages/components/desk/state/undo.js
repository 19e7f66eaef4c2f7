// Takes the steps of the history back, and does them again.

import { called } from "../rules/format.js";
import { sameRanges } from "../rules/rules.js";

/** @typedef {import("./history.js").Step} Step */
/** @typedef {import("./history.js").DecisionMade} DecisionMade */

/** @type {Record<string, string>} */
const DECISIONS = { approved: "the approval", rejected: "the rejection", changes_requested: "the request for changes" };

export class Undo {
  /** @param {{project: import("./project_state.js").ProjectState, selection: import("./selection.js").Selection,
   *   pending: import("./pending.js").PendingChanges, commands: import("./commands.js").Commands,
   *   history: import("./history.js").History}} floors */
  constructor({ project, selection, pending, commands, history }) {
    this.project = project;
    this.selection = selection;
    this.pending = pending;
    this.commands = commands;
    this.history = history;
  }

  /** Take back the last step done here, else our own decision on the open clip. @returns {string|null} what it was */
  takeBack() {
    this.pending.commitAll();
    const { history } = this;
    while (history.done.length) {
      const step = history.done.pop();
      const what = this.takeBackStep(step);
      if (what === null) continue; // its clip is gone, or was changed since
      history.undone.push(step);
      history.persist();
      return what;
    }
    return this.withdrawOwn();
  }

  withdrawOwn() {
    const { clip } = this.selection;
    const { reviewer } = this.pending;
    if (!clip || this.pending.statusOf(clip) === "proposed") return null;
    // another reviewer's decision is answered by a decision, not taken back
    if (!reviewer || clip.decision?.by !== reviewer) return null;
    this.pending.addDecisions([{ id: clip.id, decision: "withdrawn", reason: null, note: null }]);
    return `the decision on ${called(clip.title)}`;
  }

  /** Do the step taken back last again. @returns {string|null} what it was */
  doAgain() {
    const { history } = this;
    while (history.undone.length) {
      const step = history.undone.pop();
      const what = this.doStepAgain(step);
      if (what === null) continue;
      history.done.push(step);
      history.persist();
      return what;
    }
    return null;
  }

  /** True if the next step back, or forth, stores a decision, which carries a name. @param {boolean} [again] */
  decides(again = false) {
    const { done, undone } = this.history;
    if (again) return undone.some((step) => step.kind === "decision");
    return done.some((step) => step.kind === "decision" || (step.kind === "version" && Boolean(step.before.decision)));
  }

  /** @param {Step} step @returns {string|null} */
  takeBackStep(step) {
    if (step.kind === "call") {
      step.back = this.commands.run(step, step.undo);
      return step.label;
    }
    if (step.kind === "decision") return this.takeBackDecisions(step.made);
    if (step.kind === "deleted") return this.pending.bringBack(step);
    if (step.kind === "created" && !step.id) return "new clip"; // it is removed when its answer is there
    const clip = this.project.clip(step.id);
    if (!clip) return null;
    this.selection.select(clip.id);
    if (step.kind === "version") this.pending.restoreVersion(clip, step.before);
    else this.pending.removeQuietly(clip);
    return labelOf(step, clip.title);
  }

  /** @param {DecisionMade[]} made */
  takeBackDecisions(made) {
    // an edit since then made a new version, on which that is not decided any more
    const standing = made.filter(({ id, decision }) => {
      const clip = this.project.clip(id);
      return clip && this.pending.statusOf(clip) === decision;
    });
    if (!standing.length) return null;
    this.selection.select(standing[0].id);
    this.pending.addDecisions(standing.map(({ id }) => ({ id, decision: "withdrawn", reason: null, note: null })));
    return this.labelOfDecisions(standing);
  }

  /** @param {Step} step @returns {string|null} */
  doStepAgain(step) {
    if (step.kind === "call") return this.callAgain(step);
    if (step.kind === "decision") return this.decideAgain(step.made);
    if (step.kind === "created") return step.id ? this.pending.bringBack(step) : "new clip";
    const clip = this.project.clip(step.id);
    if (!clip) return null;
    this.selection.select(clip.id);
    if (step.kind !== "version") this.pending.removeQuietly(clip);
    else if (step.after) this.pending.restoreVersion(clip, { ...step.after, decision: null });
    return labelOf(step, clip.title);
  }

  /** @param {import("./history.js").CallStep} step */
  callAgain(step) {
    const key = this.commands.run(step, step.redo);
    // the new answer says what taking it back needs, as the first one did
    if (key && this.commands.registered.get(step.redo.verb).fromAnswer) step.key = key;
    return step.label;
  }

  /** @param {DecisionMade[]} made */
  decideAgain(made) {
    const there = made.filter(({ id }) => this.project.clip(id));
    if (!there.length) return null;
    this.selection.select(there[0].id);
    this.pending.addDecisions(there);
    return this.labelOfDecisions(there);
  }

  /** @param {DecisionMade[]} made */
  labelOfDecisions(made) {
    const what = DECISIONS[made[0].decision] ?? "the decision";
    return made.length > 1 ? `${what}, ${made.length} clips` : `${what}, ${called(this.project.clip(made[0].id)?.title ?? "")}`;
  }
}

/** A step in words, as in "Taken back: the edges of …". @param {Step} step @param {string} title */
function labelOf(step, title) {
  if (step.kind === "created") return `the new clip, ${called(title)}`;
  if (step.kind === "deleted") return `the removal, ${called(title)}`;
  if (step.kind === "version" && step.after && sameRanges(step.before.ranges, step.after.ranges)) return `the title, ${called(title)}`;
  return `the edges, ${called(title)}`;
}
