// A project as the server has it: its state, silence map, words and clips. Each is read again when it has a new revision.

import { isWorking } from "../rules/status.js";
import { NoAnswer, Problem } from "./api.js";

/** @typedef {import("./api.js").Clip} Clip */

export class ProjectState {
  /** @param {ReturnType<typeof import("./api.js").makeApi>} api @param {import("./topics.js").Topics} topics */
  constructor(api, topics) {
    this.api = api;
    this.topics = topics;
    /** @type {any} the project itself; null before the first answer, or when it was deleted */
    this.info = null;
    /** @type {string|null} why there is no project to show */
    this.trouble = null;
    /** @type {import("./api.js").SilenceMap|null} */
    this.map = null;
    /** @type {import("./api.js").Transcript|null} */
    this.transcript = null;
    /** @type {Clip[]|null} */
    this.clips = null;
    /** @type {{map: string|null, transcript: string|null, clips: string|null}} the revisions that were read */
    this.revisions = { map: null, transcript: null, clips: null };
    this.writes = 0; // this page's own, as they are stored
    this.writesRead = 0; // of them, those the last reading of clips came after
    /**
     * Takes the clips of a reading. `isNews`: this page stored nothing since the last one, so differences are
     * another reviewer's changes.
     * @type {(clips: Clip[], isNews: boolean) => void}
     */
    this.onClips = (clips) => this.take("clips", clips);
    this.closed = false;
  }

  get duration() {
    return this.map?.duration_s || this.info?.duration_s || 0;
  }

  get silences() {
    return this.map?.silences ?? [];
  }

  /** @param {string|null} id */
  clip(id) {
    return this.clips?.find((c) => c.id === id) ?? null;
  }

  get isRendering() {
    return Boolean(this.clips?.some((c) => c.render && isWorking(c.render)));
  }

  /** True if something is expected to change soon. */
  get isBusy() {
    return !this.info || isWorking(this.info) || this.isRendering;
  }

  // --- reading

  /** Read what changed since the last look. @returns {Promise<boolean>} whether the server answered */
  async look() {
    try {
      const info = await this.api.project();
      if (this.closed) return false;
      this.info = info;
      this.trouble = null;
      this.topics.tell("project");
      await this.catchUp();
      return true;
    } catch (error) {
      if (!this.closed) this.lookFailed(error);
      return false;
    }
  }

  lookFailed(error) {
    if (error instanceof Problem) this.info = null; // deleted, or never there
    if (!this.info) this.trouble = error instanceof Problem ? error.message : "The server does not answer. Trying again.";
    this.topics.tell("project");
  }

  /** Read what has a new revision; what is not ready yet comes with a later look. */
  async catchUp() {
    const { map_revision, transcript_revision, clips_revision } = this.info;
    if (this.isRendering) this.revisions.clips = null; // a render moves on without a new revision
    await Promise.all([
      this.readPart("clips", clips_revision ?? "none", () => this.readClips()),
      map_revision && this.readPart("map", map_revision, async () => this.take("map", await this.api.map())),
      transcript_revision &&
        this.readPart("transcript", transcript_revision, async () => this.take("transcript", await this.api.transcript())),
    ]);
  }

  async readPart(name, revision, read) {
    if (this.revisions[name] === revision) return;
    try {
      await read();
      this.revisions[name] = revision;
    } catch (error) {
      // the revision stays the old one, so the next look reads it again
      if (!(error instanceof Problem || error instanceof NoAnswer)) throw error;
    }
  }

  /** @param {"map"|"transcript"|"clips"} name @param {any} value */
  take(name, value) {
    this[name] = value;
    this.topics.tell(name);
  }

  /** Read the clips: again while a change of our own is stored meanwhile, since such an answer may be older than it. */
  async readClips() {
    let writes;
    let clips;
    do {
      writes = this.writes;
      clips = await this.api.clips();
    } while (writes !== this.writes && !this.closed);
    const isNews = writes === this.writesRead;
    this.writesRead = writes;
    this.onClips(clips, isNews);
  }

  // --- clips one by one, as answers to changes bring them

  /** A clip in its place in the list, or at the end. @param {Clip} clip */
  putClip(clip) {
    const isThere = Boolean(this.clip(clip.id));
    this.clips = isThere ? this.clips.map((c) => (c.id === clip.id ? clip : c)) : [...(this.clips ?? []), clip];
  }

  /** @param {string} id @param {Partial<Clip>} part what is different of it */
  patchClip(id, part) {
    this.clips = this.clips?.map((c) => (c.id === id ? { ...c, ...part } : c)) ?? null;
  }

  /** @param {number} at @param {Clip} clip */
  insertClip(at, clip) {
    this.clips = [...this.clips.slice(0, at), clip, ...this.clips.slice(at)];
  }

  /** @param {string} id */
  dropClip(id) {
    this.clips = this.clips.filter((c) => c.id !== id);
  }
}
