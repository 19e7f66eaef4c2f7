// Sends what the reviewer changed, and keeps it until the server has answered.
//
// Every clip has a lane: its changes are sent one after the other, each with the ETag of the version the reviewer saw and
// an idempotency key, so that one sent twice is applied once. Without an answer the lane waits and is tried again. What
// waits is kept in the browser, so a reload or a closed page goes on where it was. When a change is refused, its lane is
// taken out of the outbox, and the owner resolves the conflict.
//
// A change with `after` waits, in whichever lane, for the answer to the change with that key, and is filled in with what
// only that answer says. A hold keeps its own lane still until that answer; and the change it is held for waits until
// everything before the hold has its answer. Both are queued in one step, so that no two changes wait for each other
// (there is no deadlock).

import { isDecision } from "../rules/format.js";
import { areRanges } from "../rules/rules.js";
import { Problem } from "./api.js";

/** @typedef {import("./api.js").Clip} Clip */
/** @typedef {import("../rules/rules.js").Range} Range */
/** @typedef {{key: string, kind: "version"|"decision"|"created"|"deleted"|"restored"|"call"|"hold", by?: string,
 *   batch?: string, sent?: boolean, ranges?: Range[], title?: string, take_words?: boolean, decision?: string,
 *   reason?: string|null, note?: string|null, carry?: boolean, etag?: string, verb?: string, args?: Record<string, any>,
 *   quiet?: boolean, after?: string}} PendingChange a call is one of the desk's commands; a quiet one belongs to undo or redo */
/** @typedef {{changes: PendingChange[], etag: string|null, seen: Clip|null, busy: boolean, stuck: boolean}} Lane
 *   `seen`: the clip as the reviewer saw it, whose ETag is sent */
/** @typedef {Lane & {id: string}} NamedLane */
/**
 * What the outbox has to be told, and whom it tells.
 * @typedef {{clip: (id: string) => Clip|null, isHeld: (id: string) => boolean, isValid: (id: string, change: PendingChange) => boolean,
 *   send: (change: PendingChange, etag: string|null) => Promise<any>,
 *   accept: (id: string, change: PendingChange, answer: any) => any, refuse: (id: string, lane: Lane, error: Problem) => void,
 *   onStuck: () => void, onFreed: () => void, onChange: () => void}} Owner `send`: a call; `accept` returns what only the answer says
 */

export const NEW = "(new)"; // the lane of clips that have no id yet

const KINDS = ["version", "decision", "created", "deleted", "restored", "call", "hold"];

/** An idempotency key no other change has. */
export function newKey() {
  return crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16)).join("-");
}

export class Outbox {
  /** @param {ReturnType<typeof import("./api.js").makeApi>} api @param {string} projectId @param {Owner} owner */
  constructor(api, projectId, owner) {
    this.api = api;
    this.owner = owner;
    this.place = `clipper.outbox.${projectId}`;
    /** @type {Map<string, Lane>} */
    this.lanes = new Map();
    /** @type {NamedLane[]} from another page, for clips on which something waits here already */
    this.later = [];
    this.left = ""; // the place in localStorage where this page left what waited when it was hidden
    this.closed = false;
  }

  /** The lane of a clip; a new one holds the version that is shown now. @param {string} id @returns {Lane} */
  lane(id) {
    let lane = this.lanes.get(id);
    if (!lane) {
      const seen = this.owner.clip(id);
      lane = { changes: [], etag: seen?.etag ?? null, seen, busy: false, stuck: false };
      this.lanes.set(id, lane);
    }
    return lane;
  }

  /** @param {string} id @returns {PendingChange[]} */
  changes(id) {
    return this.lanes.get(id)?.changes ?? [];
  }

  get all() {
    return [...this.lanes.values(), ...this.later].flatMap((lane) => lane.changes);
  }

  /** True if a change has no answer yet. @param {string} key */
  has(key) {
    return this.all.some((change) => change.key === key);
  }

  /** @param {string} id @param {PendingChange} change */
  put(id, change) {
    this.lane(id).changes.push(change);
    this.persist();
    this.pump(id);
  }

  /** The last change of a lane, if it was not sent: the next one may still be merged into it. @param {string} id */
  unsent(id) {
    const last = this.changes(id).at(-1);
    return last && !last.sent ? last : null;
  }

  get isStuck() {
    return [...this.lanes.values()].some((lane) => lane.stuck);
  }

  get isEmpty() {
    return !this.later.length && [...this.lanes.values()].every((lane) => !lane.changes.length);
  }

  /** Send again what got no answer. */
  retry() {
    for (const [id, lane] of this.lanes) if (lane.changes.length) this.pump(id);
  }

  /** Remove a lane in which nothing waits any more. @param {string} id */
  release(id) {
    if (this.changes(id).length || this.owner.isHeld(id)) return;
    this.lanes.delete(id);
    this.openLater(id);
  }

  /** Changes from another page follow those made here. @param {string} id */
  openLater(id) {
    const lane = this.later.find((one) => one.id === id);
    if (!lane || this.lanes.has(id)) return;
    this.later = this.later.filter((one) => one !== lane);
    this.lanes.set(id, lane);
    this.pump(id);
  }

  // --- changes that wait for another lane

  /** True if the first change of a lane may be sent. @param {Lane} lane */
  isReady({ changes: [change] }) {
    if (!change || change.after) return false;
    const holdAt = ({ changes }) => changes.findIndex((c) => c.kind === "hold" && c.after === change.key);
    // where another lane is held for this change, the hold has to be its first (0) or there is none (-1): whatever comes
    // before it was wanted earlier and is answered earlier
    return [...this.lanes.values()].every((lane) => holdAt(lane) < 1) && this.later.every((lane) => holdAt(lane) < 0);
  }

  /** A lane that is held still for a change now. @param {string} id @param {string} key @returns {Lane|null} */
  heldFor(id, key) {
    const lane = this.lanes.get(id);
    return lane?.changes[0]?.kind === "hold" && lane.changes[0].after === key ? lane : null;
  }

  /** Let the lanes that are held for a change start from the versions that are shown now. @param {string} key */
  renewHeld(key) {
    for (const id of this.lanes.keys()) {
      const [lane, seen] = [this.heldFor(id, key), this.owner.clip(id)];
      if (lane && seen) [lane.etag, lane.seen] = [seen.etag, seen];
    }
  }

  /**
   * A change was answered: those that waited for it go on.
   * @param {string} key @param {Record<string, any>} values what only its answer says, by the names of arguments
   */
  settle(key, values) {
    for (const change of this.all.filter((c) => c.after === key && c.kind !== "hold")) {
      fillArguments(change.args, values);
      delete change.after;
    }
    this.withdraw(key); // nothing but its holds is left
  }

  /** Drop what waits for an answer that will not come, and the holds for it. @param {string} key */
  withdraw(key) {
    for (const lane of [...this.lanes.values(), ...this.later]) lane.changes = lane.changes.filter((c) => c.after !== key);
    this.later = this.later.filter((lane) => lane.changes.length);
    this.persist();
    for (const [id, lane] of [...this.lanes]) if (!lane.busy) this.release(id);
    this.wake();
  }

  /** Go on with the lanes that may have waited for another one. */
  wake() {
    for (const [id, lane] of [...this.lanes]) if (!lane.stuck) this.pump(id);
  }

  // --- sending

  /** @param {string} id */
  async pump(id) {
    const lane = this.lanes.get(id);
    if (!lane || lane.busy || !this.isReady(lane)) return;
    lane.busy = true;
    this.owner.onChange();
    try {
      while (this.isReady(lane)) await this.sendFirst(id, lane);
      this.release(id);
    } catch (error) {
      this.failed(id, lane, error);
    } finally {
      lane.busy = false;
      this.owner.onChange();
    }
    this.wake(); // the answer may be what another lane waited for
  }

  /** @param {string} id @param {Lane} lane */
  async sendFirst(id, lane) {
    const [change] = lane.changes;
    change.sent = true; // kept before it is sent: after a reload nothing may be merged into it, since its key may be used up
    this.persist();
    lane.etag ??= this.owner.clip(id)?.etag ?? null;
    const answer = await this.send(id, lane.etag, change);
    lane.changes.shift();
    this.persist();
    if (lane.stuck) this.owner.onFreed();
    lane.stuck = false;
    if (answer?.etag) lane.etag = answer.etag; // the next change in the lane is of the version this one made
    if (answer?.id) lane.seen = answer;
    const values = this.owner.accept(id, change, answer);
    if (answer?.problem) this.withdraw(change.key);
    else this.settle(change.key, values ?? {});
  }

  /** @param {string} id @param {string|null} etag @param {PendingChange} change */
  send(id, etag, change) {
    const { key, kind, batch, sent, quiet, etag: seen, ...body } = change;
    const { api } = this;
    if (kind === "call") return this.owner.send(change, etag);
    if (kind === "created") return api.create(body, key);
    if (kind === "deleted") return api.remove(id, etag, body.by, key);
    if (kind === "restored") return api.restore(id, etag ?? seen, body, key);
    return kind === "version" ? api.version(id, etag, body, key) : api.decide(id, etag, body, key);
  }

  /** @param {string} id @param {Lane} lane @param {unknown} error */
  failed(id, lane, error) {
    if (this.closed) return;
    if (error instanceof Problem) {
      this.drop(id);
      return this.owner.refuse(id, lane, error);
    }
    lane.stuck = true;
    this.owner.onStuck();
  }

  /** @param {string} id */
  drop(id) {
    this.lanes.delete(id);
    this.persist();
    this.openLater(id);
  }

  // --- over a reload

  /** The lanes in which something waits, as they are kept in the browser. */
  get stored() {
    const lanes = [...[...this.lanes].map(([id, lane]) => ({ ...lane, id })), ...this.later];
    // "wishes" is the name in the storage of browsers that may hold some from an earlier release
    return lanes.filter((lane) => lane.changes.length).map(({ id, etag, seen, changes }) => ({ id, etag, seen, wishes: changes }));
  }

  /** True if the browser can keep what waits, over a reload and a closed page. */
  get isPersistent() {
    const { stored } = this;
    const canKeep = (storage) => writeList(storage, `${this.place}.try`, stored) && writeList(storage, `${this.place}.try`, []);
    return !stored.length || (canKeep("sessionStorage") && canKeep("localStorage"));
  }

  /** Keep what waits in the browser. */
  persist() {
    if (this.closed) return writeList("localStorage", this.left, this.stored);
    writeList("sessionStorage", this.place, this.stored);
    if (this.left) writeList("localStorage", this.left, []); // the page came back, so no other one may take it over
    this.left = "";
  }

  /** The page is hidden, perhaps for good: the next page of this recording in this browser sends what waits. */
  leave() {
    this.left ||= `${this.place}.${newKey()}`; // beside what other pages left
    writeList("localStorage", this.left, this.stored);
  }

  /** The desk is taken down. Changes on their way still arrive, but their answers are for no page. */
  close() {
    this.leave();
    this.closed = true;
    writeList("sessionStorage", this.place, []);
  }

  /** Go on with what this page kept before a reload, and with what closed pages left. */
  resume() {
    const own = takeLists("sessionStorage", (place) => place === this.place);
    const left = takeLists("localStorage", (place) => `${place}.`.startsWith(`${this.place}.`));
    for (const lane of [...own, ...left].map((kept) => this.laneOf(kept))) if (lane) this.adopt(lane);
    this.prune();
    this.persist();
  }

  // a change that waits for one that was not kept would wait for ever
  prune() {
    const { lanes, later } = this;
    const keys = new Set(this.all.map((c) => c.key));
    for (const lane of [...lanes.values(), ...later]) lane.changes = lane.changes.filter((c) => !c.after || keys.has(c.after));
    this.later = later.filter((lane) => lane.changes.length);
    for (const [id, lane] of [...lanes]) if (!lane.changes.length) lanes.delete(id);
  }

  /** A lane from the browser's storage, as far as it makes sense, since anything may have written there. @param {any} kept @returns {NamedLane|null} */
  laneOf(kept) {
    if (typeof kept?.id !== "string" || !Array.isArray(kept.wishes)) return null;
    const { id, etag, seen } = kept;
    const hasClip = typeof seen?.title === "string" && areRanges(seen.ranges);
    const isSound = (change) => isChange(change) && (change.kind === "created") === (id === NEW) && this.owner.isValid(id, change);
    const sound = kept.wishes.filter(isSound);
    // one that waits for a change behind it in the same lane would keep both waiting for ever
    const changes = sound.filter((c, i) => !sound.slice(i).some((other) => other.key === c.after));
    return { id, etag: typeof etag === "string" ? etag : null, seen: hasClip ? seen : null, changes, busy: false, stuck: false };
  }

  /** @param {NamedLane} lane */
  adopt(lane) {
    const here = this.all.map((c) => c.key);
    lane.changes = lane.changes.filter((c) => !here.includes(c.key)); // a page that was copied left the same twice
    if (!lane.changes.length) return;
    const before = this.lanes.get(lane.id);
    if (!before) this.lanes.set(lane.id, lane);
    else if (lane.id === NEW) before.changes.push(...lane.changes); // new clips have no version to agree on
    else this.later.push(lane);
  }
}

/** @param {any} change */
function isChange(change) {
  if (typeof change?.key !== "string" || !KINDS.includes(change.kind)) return false;
  const isText = (value) => value === undefined || value === null || typeof value === "string";
  if (![change.title, change.by, change.reason, change.note, change.batch, change.etag, change.after].every(isText)) return false;
  if (change.kind === "hold" && !change.after) return false;
  if (change.kind === "decision" && !isDecision(change.decision)) return false;
  return change.ranges === undefined ? change.kind !== "created" : areRanges(change.ranges);
}

/** Put what only an answer says into the arguments left open for it. @param {Record<string, any>|undefined} args @param {Record<string, any>} values */
export function fillArguments(args, values) {
  for (const name of Object.keys(args ?? {})) if (Object.hasOwn(values, name)) args[name] = values[name];
}

/**
 * Keep a list in the browser, or nothing where it is empty; false where the browser keeps nothing.
 * @param {"sessionStorage"|"localStorage"} storage @param {string} place @param {object[]} list
 */
function writeList(storage, place, list) {
  try {
    if (list.length) window[storage].setItem(place, JSON.stringify(list));
    else window[storage].removeItem(place);
    return true;
  } catch {
    return false; // what is on its way still arrives, since it is sent with keepalive
  }
}

/** Take the lists kept at some places out of the browser. @param {"sessionStorage"|"localStorage"} storage @param {(place: string) => boolean} isWanted */
function takeLists(storage, isWanted) {
  const out = [];
  try {
    const kept = window[storage];
    for (const place of Object.keys(kept).filter(isWanted)) {
      const json = kept.getItem(place) ?? "";
      kept.removeItem(place);
      out.push(...listOf(json));
    }
  } catch {
    // a browser that keeps nothing
  }
  return out;
}

/** @param {string} json @returns {any[]} */
function listOf(json) {
  try {
    const list = JSON.parse(json);
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
}
