// How what a person wants reaches the server, whatever happens on the way.
//
// Every clip has a lane: wishes sent one after the other, each with the etag of what the person saw and a key of its
// own, so that one sent twice is done once. No answer: the lane waits and can be retried. What waits is kept in the
// browser, so that a reload or a closed page goes on where it was. Refused: the lane is handed to whoever can say why.
//
// A wish with `after` waits, in whichever lane, for the answer to the one with that key, and is filled in with what only
// that answer says. A hold is no more than that: it keeps its lane still, and what it is held for waits until all before
// it has its answer. Both are put down together, so that no two wishes ever wait for each other.

import { isDecision } from "../rules/format.js";
import { areRanges } from "../rules/rules.js";
import { Problem } from "./api.js";

/** @typedef {import("./api.js").Clip} Clip */
/** @typedef {import("../rules/rules.js").Range} Range */
/** @typedef {{key: string, kind: "version"|"decision"|"created"|"deleted"|"restored"|"call"|"hold", by?: string,
 *   batch?: string, sent?: boolean, ranges?: Range[], title?: string, take_words?: boolean, decision?: string,
 *   reason?: string|null, note?: string|null, carry?: boolean, etag?: string, verb?: string, args?: Record<string, any>,
 *   quiet?: boolean, after?: string}} Wish a call is one of the desk's verbs; a quiet one takes back or does again */
/** @typedef {{wishes: Wish[], etag: string|null, seen: Clip|null, busy: boolean, stuck: boolean}} Lane */

export const NEW = "(new)"; // the lane of clips that have no id yet

const KINDS = ["version", "decision", "created", "deleted", "restored", "call", "hold"];

/** A key no other wish has. */
export function newKey() {
  return crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16)).join("-");
}

export class Outbox {
  /**
   * @param {ReturnType<typeof import("./api.js").makeApi>} api @param {string} projectId
   * @param {{clip: (id: string) => Clip|null, held: (id: string) => boolean, fits: (id: string, wish: Wish) => boolean,
   *   perform: (wish: Wish, etag: string|null) => Promise<any>, accept: (id: string, wish: Wish, answer: any) => any,
   *   refused: (id: string, lane: Lane, error: Problem) => void, stuck: () => void, freed: () => void,
   *   changed: () => void}} owner
   */
  constructor(api, projectId, owner) {
    this.api = api;
    this.owner = owner;
    this.place = `clipper.outbox.${projectId}`;
    /** @type {Map<string, Lane>} */
    this.lanes = new Map();
    /** @type {(Lane & {id: string})[]} what another page left for clips on which something waits already */
    this.later = [];
    this.left = ""; // where in the browser this page left what waited when it went away
    this.closed = false;
  }

  /** @param {string} id @returns {Lane} */
  lane(id) {
    let lane = this.lanes.get(id);
    if (!lane) {
      const seen = this.owner.clip(id);
      lane = { wishes: [], etag: seen?.etag ?? null, seen, busy: false, stuck: false };
      this.lanes.set(id, lane);
    }
    return lane;
  }

  /** @param {string} id @returns {Wish[]} */
  wishes(id) {
    return this.lanes.get(id)?.wishes ?? [];
  }

  get all() {
    return [...this.lanes.values(), ...this.later].flatMap((lane) => lane.wishes);
  }

  /** Whether a wish has no answer yet. @param {string} key */
  has(key) {
    return this.all.some((wish) => wish.key === key);
  }

  /** @param {string} id @param {Wish} wish */
  put(id, wish) {
    this.lane(id).wishes.push(wish);
    this.keep();
    this.pump(id);
  }

  /** The last wish of a lane, if it has not been sent: what comes next may still be added to it. @param {string} id */
  unsent(id) {
    const wishes = this.wishes(id);
    const last = wishes[wishes.length - 1];
    return last && !last.sent ? last : null;
  }

  get isStuck() {
    return [...this.lanes.values()].some((lane) => lane.stuck);
  }

  get isEmpty() {
    return !this.later.length && [...this.lanes.values()].every((lane) => !lane.wishes.length);
  }

  /** Send again what got no answer. */
  retry() {
    for (const [id, lane] of this.lanes) if (lane.wishes.length) this.pump(id);
  }

  /** A lane nothing waits in any more. @param {string} id */
  release(id) {
    if (this.wishes(id).length || this.owner.held(id)) return;
    this.lanes.delete(id);
    this.next(id);
  }

  /** What another page wanted of a clip comes after what was wanted here. @param {string} id */
  next(id) {
    const lane = this.later.find((one) => one.id === id);
    if (!lane || this.lanes.has(id)) return;
    this.later = this.later.filter((one) => one !== lane);
    this.lanes.set(id, lane);
    this.pump(id);
  }

  // --- what waits for another lane

  /** Whether the first wish of a lane may be sent. @param {Lane} lane */
  mayGo({ wishes: [wish] }) {
    if (!wish || wish.after) return false;
    const held = ({ wishes }) => wishes.findIndex((w) => w.kind === "hold" && w.after === wish.key); // -1: not for it
    return [...this.lanes.values()].every((lane) => held(lane) < 1) && this.later.every((lane) => held(lane) < 0);
  }

  /** The lane that is kept still for a wish. @param {string} id @param {string} key @returns {Lane|null} */
  heldFor(id, key) {
    const lane = this.lanes.get(id);
    return lane?.wishes[0]?.kind === "hold" && lane.wishes[0].after === key ? lane : null;
  }

  /** What is held for a wish was seen as it is now. @param {string} key */
  renew(key) {
    for (const id of this.lanes.keys()) {
      const [lane, seen] = [this.heldFor(id, key), this.owner.clip(id)];
      if (lane && seen) [lane.etag, lane.seen] = [seen.etag, seen];
    }
  }

  /** It was answered: what waited for that goes on. @param {string} key @param {Record<string, any>} found what only its answer says */
  passed(key, found) {
    for (const wish of this.all.filter((w) => w.after === key && w.kind !== "hold")) {
      fill(wish.args, found);
      delete wish.after;
    }
    this.withdraw(key);
  }

  /** What waited for its answer is not wanted any more, and nothing is held for it. @param {string} key */
  withdraw(key) {
    for (const lane of [...this.lanes.values(), ...this.later]) lane.wishes = lane.wishes.filter((w) => w.after !== key);
    this.later = this.later.filter((lane) => lane.wishes.length);
    this.keep();
    for (const [id, lane] of [...this.lanes]) if (!lane.busy) this.release(id);
    this.wake();
  }

  /** Lanes that waited for another one go on. */
  wake() {
    for (const [id, lane] of [...this.lanes]) if (!lane.stuck) this.pump(id);
  }

  // --- sending

  /** @param {string} id */
  async pump(id) {
    const lane = this.lanes.get(id);
    if (!lane || lane.busy || !this.mayGo(lane)) return;
    lane.busy = true;
    this.owner.changed();
    try {
      while (this.mayGo(lane)) await this.first(id, lane);
      this.release(id);
    } catch (error) {
      this.failed(id, lane, error);
    } finally {
      lane.busy = false;
      this.owner.changed();
    }
    this.wake();
  }

  /** @param {string} id @param {Lane} lane */
  async first(id, lane) {
    const [wish] = lane.wishes;
    wish.sent = true;
    this.keep();
    lane.etag ??= this.owner.clip(id)?.etag ?? null;
    const answer = await this.send(id, lane.etag, wish);
    lane.wishes.shift();
    this.keep();
    if (lane.stuck) this.owner.freed();
    lane.stuck = false;
    if (answer?.etag) lane.etag = answer.etag;
    if (answer?.id) lane.seen = answer;
    const found = this.owner.accept(id, wish, answer);
    if (answer?.problem) this.withdraw(wish.key);
    else this.passed(wish.key, found ?? {});
  }

  /** @param {string} id @param {string|null} etag @param {Wish} wish */
  send(id, etag, wish) {
    const { key, kind, batch, sent, quiet, etag: seen, ...body } = wish;
    const { api } = this;
    if (kind === "call") return this.owner.perform(wish, etag);
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
      return this.owner.refused(id, lane, error);
    }
    lane.stuck = true;
    this.owner.stuck();
  }

  /** @param {string} id */
  drop(id) {
    this.lanes.delete(id);
    this.keep();
    this.next(id);
  }

  // --- over a reload

  get waiting() {
    const lanes = [...[...this.lanes].map(([id, lane]) => ({ ...lane, id })), ...this.later];
    return lanes.filter((lane) => lane.wishes.length).map(({ id, etag, seen, wishes }) => ({ id, etag, seen, wishes }));
  }

  /** Whether the browser keeps what waits, over a reload and a closed page. */
  get isKept() {
    const { waiting } = this;
    const keeps = (where) => putAway(where, `${this.place}.try`, waiting) && putAway(where, `${this.place}.try`, []);
    return !waiting.length || (keeps("sessionStorage") && keeps("localStorage"));
  }

  keep() {
    if (this.closed) return putAway("localStorage", this.left, this.waiting);
    putAway("sessionStorage", this.place, this.waiting);
    if (this.left) putAway("localStorage", this.left, []); // it came back
    this.left = "";
  }

  /** The page goes away, perhaps for good: whoever opens the recording next in this browser sends what waited. */
  leave() {
    this.left ||= `${this.place}.${newKey()}`; // beside what other pages left
    putAway("localStorage", this.left, this.waiting);
  }

  /** The desk is taken down: what is on its way still arrives, but is nobody's any more. */
  close() {
    this.leave();
    this.closed = true;
    putAway("sessionStorage", this.place, []);
  }

  resume() {
    const own = take("sessionStorage", (place) => place === this.place);
    const left = take("localStorage", (place) => `${place}.`.startsWith(`${this.place}.`));
    for (const lane of [...own, ...left].map((kept) => this.laneOf(kept))) if (lane) this.adopt(lane);
    this.prune();
    this.keep();
  }

  // what waits for something that was not kept would wait for ever
  prune() {
    const { lanes, later } = this;
    const keys = new Set(this.all.map((w) => w.key));
    for (const lane of [...lanes.values(), ...later]) lane.wishes = lane.wishes.filter((w) => !w.after || keys.has(w.after));
    this.later = later.filter((lane) => lane.wishes.length);
    for (const [id, lane] of [...lanes]) if (!lane.wishes.length) lanes.delete(id);
  }

  /** A lane as the browser kept it, as far as it makes sense. @param {any} kept @returns {(Lane & {id: string})|null} */
  laneOf(kept) {
    if (typeof kept?.id !== "string" || !Array.isArray(kept.wishes)) return null;
    const { id, etag, seen } = kept;
    const isKnown = typeof seen?.title === "string" && areRanges(seen.ranges);
    const makesSense = (wish) => isWish(wish) && (wish.kind === "created") === (id === NEW) && this.owner.fits(id, wish);
    const sound = kept.wishes.filter(makesSense);
    const wishes = sound.filter((w, i) => !sound.slice(i).some((other) => other.key === w.after)); // behind it: it would wait for ever
    return { id, etag: typeof etag === "string" ? etag : null, seen: isKnown ? seen : null, wishes, busy: false, stuck: false };
  }

  /** @param {Lane & {id: string}} lane */
  adopt(lane) {
    const here = this.all.map((w) => w.key);
    lane.wishes = lane.wishes.filter((w) => !here.includes(w.key));
    if (!lane.wishes.length) return;
    const before = this.lanes.get(lane.id);
    if (!before) this.lanes.set(lane.id, lane);
    else if (lane.id === NEW) before.wishes.push(...lane.wishes);
    else this.later.push(lane);
  }
}

/** @param {any} wish */
function isWish(wish) {
  if (typeof wish?.key !== "string" || !KINDS.includes(wish.kind)) return false;
  const isText = (value) => value === undefined || value === null || typeof value === "string";
  if (![wish.title, wish.by, wish.reason, wish.note, wish.batch, wish.etag, wish.after].every(isText)) return false;
  if (wish.kind === "hold" && !wish.after) return false;
  if (wish.kind === "decision" && !isDecision(wish.decision)) return false;
  return wish.ranges === undefined ? wish.kind !== "created" : areRanges(wish.ranges);
}

/** What only an answer says takes the places left open for it. @param {Record<string, any>|undefined} args @param {Record<string, any>} found */
export function fill(args, found) {
  for (const name of Object.keys(args ?? {})) if (Object.hasOwn(found, name)) args[name] = found[name];
}

/** @param {"sessionStorage"|"localStorage"} where @param {string} place @param {object[]} some */
function putAway(where, place, some) {
  try {
    if (some.length) window[where].setItem(place, JSON.stringify(some));
    else window[where].removeItem(place);
    return true;
  } catch {
    return false; // a browser that keeps nothing: what is on its way still arrives, since it is sent with keepalive
  }
}

/** What is kept at some places, which are empty after that. @param {"sessionStorage"|"localStorage"} where @param {(place: string) => boolean} at */
function take(where, at) {
  const out = [];
  try {
    const storage = window[where];
    for (const place of Object.keys(storage).filter(at)) {
      const kept = storage.getItem(place) ?? "";
      storage.removeItem(place);
      out.push(...listOf(kept));
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
