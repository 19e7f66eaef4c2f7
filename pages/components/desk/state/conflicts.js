// Resolves changes that the server refused: another reviewer was faster, or it can't be done. Nothing is dropped without a
// word, and the reviewer's changes are offered as a step of its own.

import { hasComeTrue, labelAnyway, whatChanged, whoChanged } from "../rules/conflict_words.js";
import { called } from "../rules/format.js";
import { roundedRanges } from "../rules/rules.js";
import { newKey } from "./outbox.js";

/** @typedef {import("./api.js").Clip} Clip */
/** @typedef {import("./api.js").Problem} Problem */
/** @typedef {import("./outbox.js").PendingChange} PendingChange */
/** @typedef {import("./outbox.js").Lane} Lane */

export class Conflicts {
  /** @param {{project: import("./project_state.js").ProjectState, selection: import("./selection.js").Selection,
   *   outbox: import("./outbox.js").Outbox, pending: import("./pending.js").PendingChanges,
   *   commands: import("./commands.js").Commands, history: import("./history.js").History,
   *   topics: import("./topics.js").Topics, notices: import("./notices.js").Notices}} floors */
  constructor({ project, selection, outbox, pending, commands, history, topics, notices }) {
    this.project = project;
    this.selection = selection;
    this.outbox = outbox;
    this.pending = pending;
    this.commands = commands;
    this.history = history;
    this.topics = topics;
    this.notices = notices;
  }

  /** Say what another reviewer changed on the open clip, where nothing of ours is under way on it. @param {Clip} before @param {Clip} now */
  sayNews(before, now) {
    if (before.etag === now.etag || this.pending.isSaving(now.id)) return;
    this.notices.say({ text: `${this.who(now, before)} ${whatChanged(before, now)}.`, tone: "info" });
  }

  /**
   * The first change of a lane was refused, and the lane is out of the outbox: read the clips again, and find out whose
   * change stands in the way.
   * @param {string} id @param {Lane} lane @param {Problem} error
   */
  async resolve(id, lane, error) {
    this.takeDraft(id, lane);
    if (!this.pending.isLeaving(id)) this.pending.hidden.delete(id); // a removal was refused: the clip is to be seen again
    await this.project.readClips().catch(() => {});
    const [change, ...rest] = lane.changes;
    const clip = this.project.clip(id);
    const isDone = hasComeTrue(change, clip) || error.code === "nothing_to_undo";
    // calls, and what waits for an answer elsewhere, can't be offered again: they rest on what was refused
    const offered = lane.changes.filter((c) => !["call", "hold"].includes(c.kind) && !c.after);
    const versions = this.versions(lane, clip); // before the calls are dropped, and the holds that know it with them
    if (!isDone) this.dropCalls(lane, error);
    if (isDone) this.goOn(id, change, rest);
    else this.explain(error, lane, { ...versions, clip, offered });
    if (change.kind === "created") this.history.drop(this.history.creation(change.key));
    const isLost = clip && error.status === 412 && !isDone;
    if (change.batch) this.settle(change.batch, isLost ? { clip, changes: offered } : null);
  }

  // edges under the hand on a refused clip are wanted as well: they become its last change
  takeDraft(id, lane) {
    const draft = this.pending.drafts.get(id);
    const { reviewer: by } = this.pending;
    if (draft) lane.changes.push({ kind: "version", key: newKey(), by, ranges: roundedRanges(draft.ranges) });
    this.pending.drafts.delete(id);
  }

  /**
   * Say why a change was refused, and offer what can still be done.
   * @param {Problem} error @param {Lane} lane
   * @param {{seen: Clip|null, now: Clip|null, clip: Clip|null, offered: PendingChange[]}} about the clip of the lane, and
   *   the one it was refused for: as it was seen, and as it is now
   */
  explain(error, lane, { seen, now, clip, offered }) {
    const [change] = lane.changes;
    const isStale = error.status === 412;
    if (isStale && now && now === clip) return this.sayFaster(lane, clip, offered);
    if (isStale && now) return this.sayNotJoined(seen, now, clip, offered);
    const isGone = [404, 412].includes(error.status) && seen && !now;
    if (isGone && change.kind !== "restored") return this.sayGone(seen);
    // what was refused would be refused again; only what came after it is offered (a call is not among these)
    this.sayNotDone(error, clip, offered.slice(change.kind === "call" ? 0 : 1));
  }

  // A join is refused for either of its two clips. Where the first is as it was, it was for the other one.
  versions(lane, clip) {
    const [{ verb, args, key }] = lane.changes;
    if (verb !== "merge" || !clip || clip.etag !== lane.etag) return { seen: lane.seen, now: clip };
    const now = this.project.clip(args.other);
    return { seen: this.outbox.heldFor(args.other, key)?.seen ?? now, now };
  }

  // the calls of a refused lane are not made, nor what waits for their answers in other lanes
  dropCalls(lane, error) {
    for (const change of lane.changes) {
      if (change.kind === "call") this.commands.refuse(change, error);
      this.outbox.withdraw(change.key);
    }
  }

  /**
   * A refused change is true already, by another reviewer's hand: what follows it is sent. But another reviewer's decision is
   * not ours to take back.
   * @param {string} id @param {PendingChange} change @param {PendingChange[]} rest
   */
  goOn(id, change, rest) {
    const isDecision = change.kind === "decision" && change.decision !== "withdrawn";
    if (isDecision && this.project.clip(id)?.decision?.by !== this.pending.reviewer) {
      this.history.forget(id);
      if (rest[0]?.decision === "withdrawn") rest.shift();
    }
    for (const one of rest) this.outbox.put(id, { ...one, batch: undefined });
    this.topics.onStored(change.kind, id);
  }

  // --- what is said

  /** A change can't be made. What follows it may have rested on it: only the reviewer knows. @param {{message: string}} error */
  sayNotDone(error, clip, rest) {
    if (!clip || !rest.length) return this.notices.say({ text: error.message, tone: "error" });
    const text = `${error.message} What you did after that on ${called(clip.title)} was not stored either.`;
    const action = { label: labelAnyway(rest), run: () => this.doAnyway(clip.id, rest) };
    this.notices.say({ text, tone: "error", stays: true, action });
  }

  /** @param {Clip} seen the clip, before another reviewer removed it */
  sayGone({ id, title, etag }) {
    this.history.forget(id);
    const after = `"${Number(etag.replaceAll('"', "")) + 1}"`; // the revision that its removal made
    const run = () => this.pending.bringBack({ id, title, etag: after });
    const text = `Somebody removed this clip: ${called(title)}. What you wanted was not stored.`;
    this.notices.say({ text, tone: "info", stays: true, action: { label: "Bring it back", run } });
    this.topics.tell("selection");
  }

  /** The other clip of a join was changed meanwhile. @param {Clip} seen @param {Clip} other as it is now @param {Clip} clip @param {PendingChange[]} rest */
  sayNotJoined(seen, other, clip, rest) {
    const theirs = `${this.who(other, seen)} ${whatChanged(seen, other)} meanwhile: ${named(other)}.`;
    const message = `${theirs} It was not joined with ${named(clip)}.`;
    if (rest.length) return this.sayNotDone({ message }, clip, rest);
    const action = { label: "Show it", run: () => this.selection.select(other.id) };
    this.notices.say({ text: message, tone: "info", stays: true, action });
  }

  /** Say what they did, and offer what was wanted here as a step of its own. @param {Lane} lane @param {Clip} clip @param {PendingChange[]} changes */
  sayFaster(lane, clip, changes) {
    this.history.forget(clip.id);
    // decisions made in one step are reported in one message, by `settle`
    if (changes[0]?.batch && this.pending.batches.get(changes[0].batch)?.left > 0) return;
    const theirs = `${this.who(clip, lane.seen)} ${whatChanged(lane.seen, clip)} meanwhile`;
    const action = changes.length ? { label: labelAnyway(changes), run: () => this.doAnyway(clip.id, changes) } : undefined;
    const newest = `${theirs}. What you see of ${named(clip)} is the newest version.`;
    /** @type {import("./notices.js").Message} */
    const message = { text: newest, tone: "info", stays: true, action };
    if (this.selection.id === clip.id) {
      this.topics.tell("selection");
      return this.notices.say(message);
    }
    // The reviewer is at another clip now, and stays there: the next key must not fall on a clip they did not look at.
    const show = () => {
      this.selection.select(clip.id);
      if (action) this.notices.say(message);
    };
    const text = `${theirs}: ${named(clip)}. What you did with it was not stored.`;
    this.notices.say({ text, tone: "info", stays: true, action: { label: "Show it", run: show } });
  }

  /** Make refused changes again, on the clip as it is now. @param {string} id @param {PendingChange[]} changes */
  doAnyway(id, changes) {
    const clip = this.project.clip(id);
    if (!clip) return;
    if (changes.some((c) => c.kind === "deleted")) return this.pending.remove(clip);
    if (changes.some((c) => c.take_words)) this.pending.takeWords(clip);
    const ranges = changes.findLast((c) => c.ranges)?.ranges;
    if (ranges) this.pending.edit(clip, ranges);
    const title = changes.findLast((c) => c.title)?.title;
    if (title) this.pending.rename(clip, title);
    const decision = changes.findLast((c) => c.kind === "decision");
    if (decision) this.pending.decide(clip, decision.decision, decision.reason, decision.note);
  }

  /**
   * One of several decisions made in one step has its answer; after the last, those refused are reported together.
   * @param {string} batch @param {{clip: Clip, changes: PendingChange[]}|null} [refused]
   */
  settle(batch, refused = null) {
    const { batches } = this.pending;
    const together = batches.get(batch);
    if (!together) return; // made before a reload
    together.left -= 1;
    if (refused) together.refused.push(refused);
    if (together.left) return;
    batches.delete(batch);
    if (!together.refused.length) return;
    const names = together.refused.map(({ clip }) => `${called(clip.title)} (${this.who(clip)})`);
    const count = names.length === 1 ? "One clip was" : `${names.length} clips were`;
    const text = `${count} changed by somebody else meanwhile and not decided: ${names.join(", ")}.`;
    const again = () => together.refused.forEach(({ clip, changes }) => this.doAnyway(clip.id, changes));
    this.notices.say({ text, tone: "info", stays: true, action: { label: "Decide anyway", run: again } });
  }

  /** @param {Clip} clip @param {Clip|null} [before] */
  who(clip, before = null) {
    return whoChanged(clip, before, this.pending.reviewer);
  }
}

function named(clip) {
  return `\u201c${called(clip.title)}\u201d`;
}
