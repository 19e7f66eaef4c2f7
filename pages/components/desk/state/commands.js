// What the desk can be asked to do beside versions and decisions: clips divided and joined, notes, corrected words. Each is
// a verb with plain arguments, so that what waits for an answer, and what can be taken back, outlives the page.

import { Problem } from "./api.js";
import { newKey } from "./outbox.js";
import { Wishes } from "./pending.js";

/** @typedef {import("./outbox.js").Wish} Wish */
/** @typedef {Record<string, any>} Args plain JSON, kept as it is sent */
/** @typedef {{verb: string, args: Args}} Call */
/** @typedef {{after?: string, quiet?: boolean}} How */
/**
 * What the desk can be asked to do beside versions and decisions, by whoever answers for it.
 * @typedef {{lane: (args: Args) => string, fits: (args: Args) => boolean, alone?: boolean, holds?: (args: Args, how: How) => string[],
 *   send?: (wish: Wish, etag: string|null) => Promise<any>, wish?: (args: Args, how: How) => void,
 *   stored?: (wish: Wish, answer: any) => void, found?: (wish: Wish, answer: any) => Args,
 *   refused?: (wish: Wish, error: Problem) => void}} Verb
 *   `fits`: whether arguments from the browser's storage make sense. `alone`: nothing in its lane rests on it. `holds`: the
 *   clips that are kept still until it has its answer. `wish`: in place of sending, it is made of other wishes. `found`:
 *   what only the answer says and taking it back needs; it fills the places left open for that in the arguments
 */

export class Calls extends Wishes {
  /** @param {ReturnType<typeof import("./api.js").makeApi>} api @param {string} projectId @param {string} reviewer */
  constructor(api, projectId, reviewer) {
    super(api, projectId, reviewer);
    /** @type {Map<string, Verb>} */
    this.verbs = new Map();
  }

  /** @param {Record<string, Verb>} verbs */
  register(verbs) {
    for (const [name, verb] of Object.entries(verbs)) this.verbs.set(name, verb);
  }

  /** Go on where this browser was, now that every verb is known. */
  resume() {
    this.undoable.recall((call) => this.isCall(call));
    this.outbox.resume();
    for (const id of this.outbox.lanes.keys()) if (this.isLeaving(id)) this.hidden.add(id); // removed before a reload
  }

  /** Whether something from the browser's storage can be asked for. @param {any} call */
  isCall(call) {
    const { args } = call ?? {};
    return typeof args === "object" && args !== null && Boolean(this.verbs.get(call.verb)?.fits(args));
  }

  /** @param {string} id @param {any} wish from the browser's storage */
  fits(id, wish) {
    return this.isCall(wish) && Boolean(this.verbs.get(wish.verb).send) && this.verbs.get(wish.verb).lane(wish.args) === id;
  }

  /** One of the verbs, in its turn after what already waits in its lane. @param {string} verb @param {Args} args @param {How} [how] */
  ask(verb, args, how = {}) {
    const { lane, holds } = this.verbs.get(verb);
    const [id, key] = [lane(args), newKey()];
    const still = holds?.(args, how) ?? [];
    for (const one of [id, ...still]) this.commit(one);
    for (const one of still) this.wish(one, { kind: "hold", after: key });
    this.wish(id, { kind: "call", key, verb, args: structuredClone(args), ...how });
    this.tell("saving", "clips", "draft");
    return key;
  }

  /** The same, as a step that can be taken back. @param {string} label @param {Call} call @param {Call} undo @param {Call} [redo] */
  askUndoably(label, call, undo, redo = call) {
    const key = this.ask(call.verb, call.args);
    this.undoable.push({ kind: "call", label, key, undo, redo }); // at once, so that undo takes back what was done last
  }

  /** All that waits to be done by one verb. @param {string} verb */
  asked(verb) {
    return this.outbox.all.filter((wish) => wish.verb === verb);
  }

  /** @param {Wish} wish @param {string|null} etag */
  async perform(wish, etag) {
    const { send, alone } = this.verbs.get(wish.verb);
    try {
      return await send(wish, etag);
    } catch (error) {
      if (!alone || !(error instanceof Problem)) throw error;
      return { problem: error };
    }
  }

  /** @param {Wish} wish @param {any} answer */
  answered(wish, answer) {
    if (answer?.problem) return this.notMade(wish, answer.problem);
    const { stored, found } = this.verbs.get(wish.verb);
    const known = found?.(wish, answer);
    if (known) this.undoable.fill(wish.key, known);
    stored?.(wish, answer);
    return known;
  }

  /** @param {Wish} wish @param {Problem} error */
  notMade(wish, error) {
    this.undoable.dropCall(wish.key);
    this.verbs.get(wish.verb).refused?.(wish, error);
    return null;
  }

  /**
   * Take a step back or forth; before its answer has come that goes in its turn, and is filled in then.
   * @param {import("./history.js").CallStep} step @param {Call} call
   */
  run(step, { verb, args }) {
    const how = { quiet: true, ...(this.outbox.has(step.key) ? { after: step.key } : {}) };
    const { wish } = this.verbs.get(verb);
    return wish ? void wish(args, how) : this.ask(verb, args, how);
  }
}
