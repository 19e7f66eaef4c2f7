// The steps that were done here, so that they can be taken back and done again; kept over a reload.

import { isDecision } from "../rules/format.js";
import { areRanges } from "../rules/rules.js";
import { fillArguments } from "./outbox.js";

/** @typedef {import("../rules/rules.js").Range} Range */
/** @typedef {{id: string, decision: string, reason: string|null, note: string|null, carry?: boolean}} DecisionMade */
/** @typedef {{ranges: Range[], title: string}} Shape */
/** @typedef {{kind: "version", id: string, before: Shape & {decision: import("./api.js").Decision|null}, after?: Shape,
 *   etag?: string}} VersionStep */
/** @typedef {{kind: "decision", made: DecisionMade[]}} DecisionStep */
/** @typedef {{kind: "created"|"deleted", id: string, ranges: Range[], title: string, etag?: string, key?: string}} ClipStep
 *   a creation has no id until its answer is there, but the key it was sent with */
/** @typedef {import("./commands.js").Call} Call */
/** @typedef {{kind: "call", label: string, key: string, undo: Call, redo: Call, back?: string}} CallStep
 *   `key`: of the change that did it last, whose answer fills in what taking it back needs; `back`: of the one that took it back */
/** @typedef {VersionStep|DecisionStep|ClipStep|CallStep} Step its fields are kept in browsers: their names stay */

const MAX_STEPS = 100;

export class History {
  /** @param {string} projectId */
  constructor(projectId) {
    this.place = `clipper.undo.${projectId}`;
    /** @type {Step[]} */
    this.done = [];
    /** @type {Step[]} */
    this.undone = [];
  }

  get steps() {
    return [...this.done, ...this.undone];
  }

  /** Add a new step. What had been taken back can't be done again after it. @param {Step} step */
  push(step) {
    this.done.push(step);
    if (this.done.length > MAX_STEPS) this.done.shift();
    this.undone.length = 0;
    this.persist();
  }

  /** @param {Step|null} step */
  drop(step) {
    this.done = this.done.filter((one) => one !== step);
    this.undone = this.undone.filter((one) => one !== step);
    this.persist();
  }

  /** The creation that was sent with a key. @param {string} key @returns {ClipStep|null} */
  creation(key) {
    const isIt = (step) => step.kind === "created" && step.key === key;
    return /** @type {ClipStep|undefined} */ (this.steps.find(isIt)) ?? null;
  }

  /** The calls that were done, or taken back, by the change with a key. @param {string} key @returns {CallStep[]} */
  calls(key) {
    const isIt = (step) => step.kind === "call" && (step.key === key || step.back === key);
    return /** @type {CallStep[]} */ (this.steps.filter(isIt));
  }

  /** Fill in what taking a call back needs, from its answer. @param {string} key @param {Record<string, any>} values */
  fill(key, values) {
    for (const step of this.calls(key)) {
      if (step.key !== key) continue;
      fillArguments(step.undo.args, values);
      fillArguments(step.redo.args, values);
    }
    this.persist();
  }

  /** A call was refused: there is nothing to take back, or to do again. @param {string} key */
  dropCall(key) {
    for (const step of this.calls(key)) this.drop(step);
  }

  /** Forget the steps on a clip that is gone, or that another reviewer changed: they can't be taken back. @param {string} id */
  forget(id) {
    const without = (steps) =>
      steps.flatMap((step) => {
        if (step.kind !== "decision") return "id" in step && step.id === id ? [] : [step];
        const made = step.made.filter((one) => one.id !== id);
        return made.length ? [{ ...step, made }] : [];
      });
    this.done = without(this.done);
    this.undone = without(this.undone);
    this.persist();
  }

  /** Keep the steps in the browser; where there is no room for all, the newest, since undo goes in order. */
  persist(count = MAX_STEPS) {
    try {
      sessionStorage.removeItem(this.place);
      sessionStorage.setItem(this.place, JSON.stringify([this.done.slice(-count), this.undone.slice(-count)]));
    } catch {
      // a browser that keeps nothing: a reload forgets what could be taken back, not what was decided
      if (count > 1) this.persist(count >> 1);
    }
  }

  /** Read the steps this browser kept, as far as they make sense. @param {(call: any) => boolean} isCall */
  recall(isCall) {
    try {
      const kept = JSON.parse(sessionStorage.getItem(this.place) ?? "[]");
      const isSound = (step) => isStep(step) || isCallStep(step, isCall);
      [this.done, this.undone] = [0, 1].map((i) => (Array.isArray(kept?.[i]) ? kept[i].filter(isSound) : []));
    } catch {
      // nothing kept
    }
  }
}

/** True if something from the browser's storage is a step that can be taken back. @param {any} step */
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
