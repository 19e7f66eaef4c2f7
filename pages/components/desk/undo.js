// What was done here, so that it can be taken back and done again; kept over a reload.

/** @typedef {import("./rules.js").Range} Range */
/** @typedef {{id: string, decision: string, reason: string|null, note: string|null, carry?: boolean}} Made */
/** @typedef {{ranges: Range[], title: string}} Shape */
/** @typedef {{kind: "version", id: string, before: Shape & {decision: import("./api.js").Decision|null}, after?: Shape,
 *   etag?: string}} VersionStep */
/** @typedef {{kind: "decision", made: Made[]}} DecisionStep */
/** @typedef {{kind: "created"|"deleted", id: string, ranges: Range[], title: string, etag?: string}} ClipStep */
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
    this.keep();
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
    const plain = (steps) => steps.filter((step) => step.kind !== "call");
    try {
      sessionStorage.setItem(this.place, JSON.stringify([plain(this.done), plain(this.undone)]));
    } catch {
      // a browser that keeps nothing: a reload forgets what could be taken back, not what was decided
    }
  }

  recall() {
    try {
      const [done, undone] = JSON.parse(sessionStorage.getItem(this.place) ?? "[[],[]]");
      [this.done, this.undone] = [done, undone];
    } catch {
      // nothing kept
    }
  }
}
