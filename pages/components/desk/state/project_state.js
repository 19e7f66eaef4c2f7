// What the desk knows of a project, kept up to date by polling, and how its parts hear of it.

import { whatChanged } from "../rules/conflict_words.js";
import { spanOf } from "../rules/rules.js";
import { isWorking, statusAfter } from "../rules/status.js";
import { NoAnswer, Problem } from "./api.js";

/** @typedef {import("./api.js").Clip} Clip */
/** @typedef {import("../rules/rules.js").Range} Range */
/** @typedef {{text: string, tone: "info"|"ok"|"error", stays?: boolean,
 *   action?: {label: string, key?: string, run: () => void}}} Message */

const POLL_BUSY_MS = 2_000;
const POLL_QUIET_MS = 6_000;
const POLL_UNSEEN_MS = 60_000; // a page nobody looks at; it looks at once when somebody does

export class Known {
  /** @param {ReturnType<typeof import("./api.js").makeApi>} api @param {string} projectId @param {string} reviewer */
  constructor(api, projectId, reviewer) {
    this.api = api;
    this.projectId = projectId;
    this.reviewer = reviewer;
    this.project = null;
    this.trouble = null; // why there is no project to show
    /** @type {import("./api.js").SilenceMap|null} */
    this.map = null;
    /** @type {import("./api.js").Transcript|null} */
    this.transcript = null;
    /** @type {Clip[]|null} */
    this.clips = null;
    /** @type {string|null} */
    this.selectedId = null;
    /** @type {Message|null} */
    this.message = null;
    /** @type {Message[]} */
    this.waiting = [];
    /** @type {Map<string, {ranges: Range[]}>} edges under the hand, not yet a wish */
    this.drafts = new Map();
    /** @type {Set<string>} clips removed here: an older answer does not bring them back */
    this.hidden = new Set();
    this.listeners = [];
    this.topics = new Set();
    this.have = { map: null, transcript: null, clips: null };
    this.stored = 0; // counts our own writes, so that an older answer never hides a newer one
    this.read = 0; // of them, those the last reading of clips came after
    this.pollTimer = 0;
    /** @type {Promise<void>|null} */
    this.polling = null;
    this.closed = false;
  }

  // --- telling the desk's parts

  /** @param {(topics: Set<string>) => void} listener */
  on(listener) {
    this.listeners.push(listener);
  }

  /** @param {string[]} topics */
  tell(...topics) {
    if (!this.topics.size) queueMicrotask(() => this.spread());
    for (const topic of topics) this.topics.add(topic);
  }

  spread() {
    const topics = this.topics;
    this.topics = new Set();
    if (!this.closed) for (const listener of this.listeners) listener(topics);
  }

  /**
   * Say something. What stays until it is dealt with comes back after whatever was said meanwhile; null: it was.
   * @param {Message|null} message
   */
  say(message) {
    if (!message) this.message = this.waiting.pop() ?? null;
    else {
      const { message: before, waiting } = this;
      if (before?.stays && before.text !== message.text) this.waiting = [...waiting.filter((m) => m.text !== before.text), before];
      this.message = message;
    }
    this.tell("message");
  }

  /** Something said before does not hold any more. @param {string} text */
  unsay(text) {
    this.waiting = this.waiting.filter((m) => m.text !== text);
    if (this.message?.text === text) this.message = null;
    this.tell("message");
  }

  // --- looking

  get duration() {
    return this.map?.duration_s || this.project?.duration_s || 0;
  }

  get silences() {
    return this.map?.silences ?? [];
  }

  get selected() {
    return this.clip(this.selectedId);
  }

  /** @param {string|null} id */
  clip(id) {
    return this.clips?.find((c) => c.id === id) ?? null;
  }

  /** What is on its way for a clip; the outbox knows. @param {string} _id @returns {import("./outbox.js").Wish[]} */
  wishesFor(_id) {
    return [];
  }

  /** Its edges as the person last left them. @param {Clip} clip */
  rangesOf(clip) {
    const draft = this.drafts.get(clip.id);
    if (draft) return draft.ranges;
    const wishes = this.wishesFor(clip.id);
    for (let i = wishes.length - 1; i >= 0; i -= 1) if (wishes[i].ranges) return wishes[i].ranges;
    return clip.ranges;
  }

  /** How it will stand when all that is on its way has arrived. @param {Clip} clip @returns {import("../rules/format.js").Status} */
  statusOf(clip) {
    if (this.drafts.has(clip.id)) return "proposed";
    const wishes = this.wishesFor(clip.id);
    return wishes.length ? statusAfter(clip, wishes) : clip.status;
  }

  // --- reading

  /** Look now, and then again and again; whoever asks meanwhile gets the look under way. @returns {Promise<void>} */
  poll() {
    clearTimeout(this.pollTimer);
    this.polling ??= this.look().finally(() => {
      this.polling = null;
      const busy = !this.project || isWorking(this.project) || this.isRendering;
      const wait = document.hidden && !this.isStuck ? POLL_UNSEEN_MS : busy ? POLL_BUSY_MS : POLL_QUIET_MS;
      if (!this.closed) this.pollTimer = setTimeout(() => this.poll(), wait);
    });
    return this.polling;
  }

  async look() {
    try {
      const project = await this.api.project();
      if (this.closed) return;
      this.project = project;
      this.trouble = null;
      this.tell("project");
      await this.catchUp();
      this.retry();
    } catch (error) {
      if (!this.closed) this.lookFailed(error);
    }
  }

  lookFailed(error) {
    if (error instanceof Problem) this.project = null; // deleted, or never there
    if (!this.project) this.trouble = error instanceof Problem ? error.message : "The server does not answer. Trying again.";
    this.tell("project");
  }

  get isRendering() {
    return Boolean(this.clips?.some((c) => c.render && isWorking(c.render)));
  }

  /** Try again what is stuck; the outbox knows what. */
  retry() {}

  get isStuck() {
    return false;
  }

  /** Fetch what has a new revision; what is not ready yet comes with a later poll. */
  async catchUp() {
    const { map_revision, transcript_revision, clips_revision } = this.project;
    if (this.isRendering) this.have.clips = null; // a render moves on without a new revision
    await Promise.all([
      this.part("clips", clips_revision ?? "none", () => this.readClips()),
      map_revision && this.part("map", map_revision, async () => this.take("map", await this.api.map())),
      transcript_revision &&
        this.part("transcript", transcript_revision, async () => this.take("transcript", await this.api.transcript())),
    ]);
  }

  async part(name, revision, read) {
    if (this.have[name] === revision) return;
    try {
      await read();
      this.have[name] = revision;
    } catch (error) {
      if (!(error instanceof Problem || error instanceof NoAnswer)) throw error;
    }
  }

  take(name, value) {
    this[name] = value;
    this.tell(name);
  }

  async readClips() {
    let before;
    let clips;
    do {
      before = this.stored;
      clips = await this.api.clips();
    } while (before !== this.stored && !this.closed);
    const old = before === this.read ? this.selected : null; // else the difference may be of our own making
    this.read = before;
    for (const id of this.hidden) if (!clips.some((c) => c.id === id) && !this.wishesFor(id).length) this.hidden.delete(id);
    this.take("clips", this.asWanted(clips));
    if (!this.clip(this.selectedId)) this.tell("selection");
    const now = this.selected;
    if (old && now && old.etag !== now.etag && !this.wishesFor(now.id).length && !this.drafts.has(now.id)) {
      this.say({ text: `${this.whoChanged(now, old)} ${whatChanged(old, now)}.`, tone: "info" });
    }
  }

  /** Clips as the server has them, as they stand when what is on its way has arrived. @param {Clip[]} clips */
  asWanted(clips) {
    return clips.filter((c) => !this.hidden.has(c.id)).map((c) => this.titled(c));
  }

  /** Under the title the person gave it last. @param {Clip} clip @returns {Clip} */
  titled(clip) {
    const title = this.wishesFor(clip.id).findLast((w) => w.title && w.kind === "version")?.title;
    return title && title !== clip.title ? { ...clip, title } : clip;
  }

  /** Whoever else last did something to a clip since it was seen. @param {Clip} clip @param {Clip|null} [seen] */
  whoChanged(clip, seen = null) {
    const others = (one) => one.by && one.by !== this.reviewer && one.by !== "Clipper";
    const versions = (clip.versions ?? []).filter((v) => v.number > (seen?.version ?? 1));
    const decisions = (clip.decisions ?? []).slice(seen?.decisions?.length ?? 0);
    const made = [...versions, ...decisions].filter(others).sort((a, b) => (a.at < b.at ? -1 : 1));
    if (made.length) return made[made.length - 1].by;
    return others({ by: clip.changed_by }) ? clip.changed_by : "Someone";
  }

  /** The selected clip's first and last moment as shown. */
  get span() {
    return this.selected ? spanOf(this.rangesOf(this.selected)) : null;
  }
}
