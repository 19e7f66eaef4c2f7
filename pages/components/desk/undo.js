// What was done here, so that it can be taken back and done again; kept over a reload.

import { isDecision } from "./format.js";
import { areRanges } from "./rules.js";

/** @typedef {import("./rules.js").Range} Range */
/** @typedef {{id: string, decision: string, reason: string|null, note: string|null, carry?: boolean}} Made */
/** @typedef {{ranges: Range[], title: string}} Shape */
/** @typedef {{kind: "version", id: string, before: Shape & {decision: import("./api.js").Decision|null}, after?: Shape,
 *   etag?: string}} VersionStep */
/** @typedef {{kind: "decision", made: Made[]}} DecisionStep */
/** @typedef {{kind: "created"|"deleted", id: string, ranges: Range[], title: string, etag?: string, key?: string}} ClipStep
 *   a creation has no id until it has its answer, but the key it was sent with */
/** @typedef {{kind: "call", label: string, undo: () => Promise<unknown>, redo: () => Promise<unknown>}} CallStep */
/** @typedef {VersionStep|DecisionStep|ClipStep|CallStep} Step */

const MOST = 100;

export class Undo {
  /** @param {string} projectId */
  constructor(projectId) {
    this.place = `clipper.undo.${projectId}`;
    /** @type {Step[]} */
    this.done = [];
    /** @type {Step[]} */
    this.undone = [];
    this.recall();
  }

  /** Something new was done: what had been taken back can't be done again. @param {Step} step */
  push(step) {
    this.done.push(step);
    if (this.done.length > MOST) this.done.shift();
    this.undone.length = 0;
    this.keep();
  }

  /** @param {Step} step */
  drop(step) {
    this.done = this.done.filter((one) => one !== step);
    this.undone = this.undone.filter((one) => one !== step);
    this.keep();
  }

  /** The creation that was sent with a key. @param {string} key @returns {ClipStep|null} */
  creation(key) {
    const made = (step) => step.kind === "created" && step.key === key;
    return /** @type {ClipStep|undefined} */ ([...this.done, ...this.undone].find(made)) ?? null;
  }

  /** Forget what can't be taken back any more: the clip is gone, or somebody else changed it. @param {string} id */
  forget(id) {
    const without = (steps) =>
      steps.flatMap((step) => {
        if (step.kind !== "decision") return "id" in step && step.id === id ? [] : [step];
        const made = step.made.filter((one) => one.id !== id);
        return made.length ? [{ ...step, made }] : [];
      });
    this.done = without(this.done);
    this.undone = without(this.undone);
    this.keep();
  }

  keep() {
    // a step that is no data can't be kept, nor then what came before it: undo goes in order or not at all
    const kept = (steps) => steps.slice(steps.findLastIndex((step) => step.kind === "call") + 1);
    try {
      sessionStorage.setItem(this.place, JSON.stringify([kept(this.done), kept(this.undone)]));
    } catch {
      // a browser that keeps nothing: a reload forgets what could be taken back, not what was decided
    }
  }

  recall() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(this.place) ?? "[]");
      [this.done, this.undone] = [0, 1].map((i) => (Array.isArray(kept?.[i]) ? kept[i].filter(isStep) : []));
    } catch {
      // nothing kept
    }
  }
}

/** Whether something from the browser's storage can be taken back. @param {any} step */
function isStep(step) {
  const isShape = (shape) => areRanges(shape?.ranges) && typeof shape.title === "string";
  const isMade = (one) => typeof one?.id === "string" && isDecision(one.decision);
  if (step?.kind === "decision") return Array.isArray(step.made) && step.made.length > 0 && step.made.every(isMade);
  if (typeof step?.id !== "string") return false;
  if (step.kind === "created" || step.kind === "deleted") return isShape(step);
  if (step.kind !== "version" || !isShape(step.before) || (step.after && !isShape(step.after))) return false;
  return !step.before.decision || isDecision(step.before.decision.decision);
}
