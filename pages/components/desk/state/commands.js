// Commands: all changes beside versions and decisions, such as split, join, notes and corrections. Each has plain arguments, so
// that one that waits for an answer, or can be taken back, outlives the page.

import { Problem } from "./api.js";
import { newKey } from "./outbox.js";

/** @typedef {import("./outbox.js").PendingChange} PendingChange */
/** @typedef {Record<string, any>} Args plain JSON, kept as it is sent */
/** @typedef {{verb: string, args: Args}} Call a command by its name, with its arguments; the names are kept in browsers */
/** @typedef {{after?: string, quiet?: boolean}} How `after`: the key of the change it waits for; quiet: part of undo or redo */
/**
 * A command, registered by the part of the desk that answers for it.
 * @typedef {{lane: (args: Args) => string, isValid: (args: Args) => boolean, isAlone?: boolean,
 *   holds?: (args: Args, how: How) => string[], send?: (change: PendingChange, etag: string|null) => Promise<any>,
 *   expand?: (args: Args, how: How) => void, onStored?: (change: PendingChange, answer: any) => void,
 *   fromAnswer?: (change: PendingChange, answer: any) => Args,
 *   onRefused?: (change: PendingChange, error: Problem) => void}} Command
 *   `isValid`: whether arguments from the browser's storage make sense. `isAlone`: nothing in its lane rests on it, so its
 *   refusal is no conflict. `holds`: the clips that are kept still until it has its answer. `expand`: in place of sending,
 *   make it of other changes. `fromAnswer`: what only the answer says and taking it back needs, by the names of arguments
 */

export class Commands {
  /** @param {{outbox: import("./outbox.js").Outbox, pending: import("./pending.js").PendingChanges,
   *   history: import("./history.js").History, topics: import("./topics.js").Topics}} floors */
  constructor({ outbox, pending, history, topics }) {
    this.outbox = outbox;
    this.pending = pending;
    this.history = history;
    this.topics = topics;
    /** @type {Map<string, Command>} */
    this.registered = new Map();
  }

  /** @param {Record<string, Command>} commands */
  register(commands) {
    for (const [name, command] of Object.entries(commands)) this.registered.set(name, command);
  }

  /** True if something from the browser's storage is a call of a command. @param {any} call */
  isCall(call) {
    const { args } = call ?? {};
    return typeof args === "object" && args !== null && Boolean(this.registered.get(call.verb)?.isValid(args));
  }

  /** True if a change from the browser's storage is a call that belongs into a lane. @param {string} id @param {any} change */
  isValid(id, change) {
    if (!this.isCall(change)) return false;
    const { send, lane } = this.registered.get(change.verb);
    return Boolean(send) && lane(change.args) === id;
  }

  // --- asking

  /**
   * Queue a command behind what already waits in its lane.
   * @param {string} verb @param {Args} args @param {How} [how] @returns {string} the key it is sent with
   */
  ask(verb, args, how = {}) {
    const { lane, holds } = this.registered.get(verb);
    const [id, key] = [lane(args), newKey()];
    const held = holds?.(args, how) ?? [];
    for (const one of [id, ...held]) this.pending.commit(one);
    for (const one of held) this.pending.add(one, { kind: "hold", after: key });
    this.pending.add(id, { kind: "call", key, verb, args: structuredClone(args), ...how });
    this.topics.tell("saving", "clips", "draft");
    return key;
  }

  /** Queue a command as a step that can be taken back. @param {string} label @param {Call} call @param {Call} undo @param {Call} [redo] */
  askUndoably(label, call, undo, redo = call) {
    const key = this.ask(call.verb, call.args);
    this.history.push({ kind: "call", label, key, undo, redo }); // before its answer, so that undo takes back the latest step
  }

  /**
   * Do a call that takes a step back, or does it again. Before the step's own answer is there it waits for that, and is
   * filled in by it.
   * @param {import("./history.js").CallStep} step @param {Call} call
   */
  run(step, { verb, args }) {
    const how = { quiet: true, ...(this.outbox.has(step.key) ? { after: step.key } : {}) };
    const { expand } = this.registered.get(verb);
    return expand ? void expand(args, how) : this.ask(verb, args, how);
  }

  /** The calls of a command that wait. @param {string} verb */
  waiting(verb) {
    return this.outbox.all.filter((change) => change.verb === verb);
  }

  // --- sending

  /** @param {PendingChange} change @param {string|null} etag */
  async send(change, etag) {
    const { send, isAlone } = this.registered.get(change.verb);
    try {
      return await send(change, etag);
    } catch (error) {
      if (!isAlone || !(error instanceof Problem)) throw error;
      return { problem: error }; // an answer like any other: what comes after it in the lane is sent
    }
  }

  /** @param {PendingChange} change @param {any} answer @returns {Args|null|undefined} what only the answer says */
  accept(change, answer) {
    if (answer?.problem) return this.refuse(change, answer.problem);
    const { onStored, fromAnswer } = this.registered.get(change.verb);
    const values = fromAnswer?.(change, answer);
    if (values) this.history.fill(change.key, values);
    onStored?.(change, answer);
    return values;
  }

  /** @param {PendingChange} change @param {Problem} error */
  refuse(change, error) {
    this.history.dropCall(change.key);
    this.registered.get(change.verb).onRefused?.(change, error);
    return null;
  }
}
