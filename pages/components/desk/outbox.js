// How what a person wants reaches the server, whatever happens on the way.
//
// Every clip has a lane: wishes sent one after the other, each with the etag of what the person saw and a key of its
// own, so that one sent twice is done once. No answer: the lane waits and can be retried. What waits is kept in the
// browser, so that a reload or a closed page goes on where it was. Refused: the lane is handed to whoever can say why.

import { Problem } from "./api.js";

/** @typedef {import("./api.js").Clip} Clip */
/** @typedef {import("./rules.js").Range} Range */
/** @typedef {{key: string, kind: "version"|"decision"|"created"|"deleted"|"call", by?: string, batch?: string,
 *   sent?: boolean, ranges?: Range[], title?: string, take_words?: boolean, decision?: string, reason?: string|null,
 *   note?: string|null, carry?: boolean, send?: (key: string, etag: string|null) => Promise<any>,
 *   done?: (answer: any) => void}} Wish */
/** @typedef {{wishes: Wish[], etag: string|null, seen: Clip|null, busy: boolean, stuck: boolean}} Lane */

export const NEW = "(new)"; // the lane of clips that have no id yet

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

  /** Send again what got no answer. */
  retry() {
    for (const [id, lane] of this.lanes) if (lane.wishes.length) this.pump(id);
  }

  /** A lane nothing waits in any more. @param {string} id */
  release(id) {
    if (!this.wishes(id).length && !this.owner.held(id)) this.lanes.delete(id);
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
    const { key, kind, send, batch, sent, done, ...body } = wish;
    const { api } = this;
    if (kind === "call") return send(key, etag);
    if (kind === "created") return api.create(body, key);
    if (kind === "deleted") return api.remove(id, etag, body.by, key);
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
  }

  // --- over a reload

  keep() {
    const kept = [...this.lanes].map(([id, lane]) => {
      const wishes = lane.wishes.filter((w) => w.kind !== "call");
      return { id, etag: lane.etag, seen: lane.seen, wishes };
    });
    const some = kept.filter((lane) => lane.wishes.length);
    try {
      if (some.length) sessionStorage.setItem(this.place, JSON.stringify(some));
      else sessionStorage.removeItem(this.place);
    } catch {
      // a browser that keeps nothing: what is on its way still arrives, since it is sent with keepalive
    }
  }

  /** The page goes away, perhaps for good: whoever opens the recording next in this browser sends what waited. */
  leave() {
    try {
      const waiting = sessionStorage.getItem(this.place);
      if (waiting) localStorage.setItem(this.place, waiting);
    } catch {
      // as above
    }
  }

  resume() {
    for (const kept of [...take(sessionStorage, this.place), ...take(localStorage, this.place)]) {
      if (typeof kept?.id !== "string" || !Array.isArray(kept.wishes) || this.lanes.has(kept.id)) continue;
      this.lanes.set(kept.id, { ...kept, busy: false, stuck: false });
    }
    this.keep();
  }
}

/** @param {Storage} storage @param {string} place */
function take(storage, place) {
  try {
    const kept = JSON.parse(storage.getItem(place) ?? "[]");
    storage.removeItem(place);
    return Array.isArray(kept) ? kept : [];
  } catch {
    return [];
  }
}
