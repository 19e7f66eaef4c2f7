// How what a person wants reaches the server, whatever happens on the way.
//
// Every clip has a lane: wishes sent one after the other, each with the etag of what the person saw and a key of its
// own, so that one sent twice is done once. No answer: the lane waits and can be retried. What waits is kept in the
// browser, so that a reload or a closed page goes on where it was. Refused: the lane is handed to whoever can say why.

import { Problem } from "./api.js";
import { isDecision } from "./format.js";
import { areRanges } from "./rules.js";

/** @typedef {import("./api.js").Clip} Clip */
/** @typedef {import("./rules.js").Range} Range */
/** @typedef {{key: string, kind: "version"|"decision"|"created"|"deleted"|"restored"|"call", by?: string, batch?: string,
 *   sent?: boolean, ranges?: Range[], title?: string, take_words?: boolean, decision?: string, reason?: string|null,
 *   note?: string|null, carry?: boolean, etag?: string, send?: (key: string, etag: string|null) => Promise<any>,
 *   done?: (answer: any) => void}} Wish */
/** @typedef {{wishes: Wish[], etag: string|null, seen: Clip|null, busy: boolean, stuck: boolean}} Lane */

export const NEW = "(new)"; // the lane of clips that have no id yet

const KINDS = ["version", "decision", "created", "deleted", "restored"]; // that a browser can keep

/** A key no other wish has. */
export function newKey() {
  return crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16)).join("-");
}

export class Outbox {
  /**
   * @param {ReturnType<typeof import("./api.js").makeApi>} api @param {string} projectId
   * @param {{clip: (id: string) => Clip|null, held: (id: string) => boolean, accept: (id: string, wish: Wish, answer: any) => void,
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
    this.resume();
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

  /** @param {string} id */
  async pump(id) {
    const lane = this.lanes.get(id);
    if (!lane || lane.busy) return;
    lane.busy = true;
    this.owner.changed();
    try {
      while (lane.wishes.length) await this.first(id, lane);
      this.release(id);
    } catch (error) {
      this.failed(id, lane, error);
    } finally {
      lane.busy = false;
      this.owner.changed();
    }
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
    this.owner.accept(id, wish, answer);
    wish.done?.(answer);
  }

  /** @param {string} id @param {string|null} etag @param {Wish} wish */
  send(id, etag, wish) {
    const { key, kind, send, batch, sent, done, etag: seen, ...body } = wish;
    const { api } = this;
    if (kind === "call") return send(key, etag);
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
      for (const wish of lane.wishes) if (wish.kind === "call") wish.done(null);
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
    const kept = lanes.map(({ id, etag, seen, wishes }) => ({ id, etag, seen, wishes: wishes.filter((w) => w.kind !== "call") }));
    return kept.filter((lane) => lane.wishes.length);
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
    for (const lane of [...own, ...left].map(laneOf)) if (lane) this.adopt(lane);
    this.keep();
  }

  /** @param {Lane & {id: string}} lane */
  adopt(lane) {
    const here = [...this.lanes.values(), ...this.later].flatMap((one) => one.wishes.map((w) => w.key));
    lane.wishes = lane.wishes.filter((w) => !here.includes(w.key));
    if (!lane.wishes.length) return;
    const before = this.lanes.get(lane.id);
    if (!before) this.lanes.set(lane.id, lane);
    else if (lane.id === NEW) before.wishes.push(...lane.wishes);
    else this.later.push(lane);
  }
}

/** A lane as the browser kept it, as far as it makes sense. @param {any} kept @returns {(Lane & {id: string})|null} */
function laneOf(kept) {
  if (typeof kept?.id !== "string" || !Array.isArray(kept.wishes)) return null;
  const { id, etag, seen } = kept;
  const isKnown = typeof seen?.title === "string" && areRanges(seen.ranges);
  const wishes = kept.wishes.filter((wish) => isWish(wish) && (wish.kind === "created") === (id === NEW));
  return { id, etag: typeof etag === "string" ? etag : null, seen: isKnown ? seen : null, wishes, busy: false, stuck: false };
}

function isWish(wish) {
  if (typeof wish?.key !== "string" || !KINDS.includes(wish.kind)) return false;
  const isText = (value) => value === undefined || value === null || typeof value === "string";
  if (![wish.title, wish.by, wish.reason, wish.note, wish.batch, wish.etag].every(isText)) return false;
  if (wish.kind === "decision" && !isDecision(wish.decision)) return false;
  return wish.ranges === undefined ? wish.kind !== "created" : areRanges(wish.ranges);
}

/** @param {"sessionStorage"|"localStorage"} where @param {string} place @param {object[]} some */
function putAway(where, place, some) {
  try {
    if (some.length) window[where].setItem(place, JSON.stringify(some));
    else window[where].removeItem(place);
  } catch {
    // a browser that keeps nothing: what is on its way still arrives, since it is sent with keepalive
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
