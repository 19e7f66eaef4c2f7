// What was done here, so that it can be taken back and done again; kept over a reload.

import { isDecision } from "../rules/format.js";
import { areRanges } from "../rules/rules.js";
import { fill } from "./outbox.js";

/** @typedef {import("../rules/rules.js").Range} Range */
/** @typedef {{id: string, decision: string, reason: string|null, note: string|null, carry?: boolean}} Made */
/** @typedef {{ranges: Range[], title: string}} Shape */
/** @typedef {{kind: "version", id: string, before: Shape & {decision: import("./api.js").Decision|null}, after?: Shape,
 *   etag?: string}} VersionStep */
/** @typedef {{kind: "decision", made: Made[]}} DecisionStep */
/** @typedef {{kind: "created"|"deleted", id: string, ranges: Range[], title: string, etag?: string, key?: string}} ClipStep
 *   a creation has no id until it has its answer, but the key it was sent with */
/** @typedef {import("./commands.js").Call} Call */
/** @typedef {{kind: "call", label: string, key: string, undo: Call, redo: Call, back?: string}} CallStep
 *   the key it was last done with, whose answer fills in what taking it back needs; and the one it was taken back with */
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

  /** The calls that a key was sent for. @param {string} key @returns {CallStep[]} */
  calls(key) {
    const made = (step) => step.kind === "call" && (step.key === key || step.back === key);
    return /** @type {CallStep[]} */ ([...this.done, ...this.undone].filter(made));
  }

  /** The answer to a call says what taking it back needs. @param {string} key @param {Record<string, any>} found */
  fill(key, found) {
    for (const step of this.calls(key)) {
      if (step.key !== key) continue;
      fill(step.undo.args, found);
      fill(step.redo.args, found);
    }
    this.keep();
  }

  /** It was refused: there is nothing to take back, or to do again. @param {string} key */
  dropCall(key) {
    for (const step of this.calls(key)) this.drop(step);
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

  // where there is no room for all, the newest: undo goes in order
  keep(most = MOST) {
    try {
      sessionStorage.removeItem(this.place);
      sessionStorage.setItem(this.place, JSON.stringify([this.done.slice(-most), this.undone.slice(-most)]));
    } catch {
      // a browser that keeps nothing: a reload forgets what could be taken back, not what was decided
      if (most > 1) this.keep(most >> 1);
    }
  }

  /** @param {(call: any) => boolean} isCall */
  recall(isCall) {
    try {
      const kept = JSON.parse(sessionStorage.getItem(this.place) ?? "[]");
      const sound = (step) => isStep(step) || isCallStep(step, isCall);
      [this.done, this.undone] = [0, 1].map((i) => (Array.isArray(kept?.[i]) ? kept[i].filter(sound) : []));
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

/** @param {any} step @param {(call: any) => boolean} isCall */
function isCallStep(step, isCall) {
  if (step?.kind !== "call" || typeof step.label !== "string" || typeof step.key !== "string") return false;
  return isCall(step.undo) && isCall(step.redo);
}
