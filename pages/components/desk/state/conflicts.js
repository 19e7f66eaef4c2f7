// What was wanted and can't be stored as it was: somebody was faster, or it is refused. Nothing of it is dropped unsaid.

import { cameTrue, mine, whatChanged } from "../rules/conflict_words.js";
import { called } from "../rules/format.js";
import { roundedRanges } from "../rules/rules.js";
import { Calls } from "./commands.js";
import { newKey } from "./outbox.js";

/** @typedef {import("./api.js").Clip} Clip */
/** @typedef {import("./outbox.js").Wish} Wish */
/** @typedef {import("./outbox.js").Lane} Lane */
/** @typedef {import("../rules/rules.js").Range} Range */

export class Refusals extends Calls {
  /** @param {string} id @param {Lane} lane @param {import("./api.js").Problem} error */
  async refused(id, lane, error) {
    const draft = this.drafts.get(id);
    if (draft) lane.wishes.push({ kind: "version", key: newKey(), by: this.reviewer, ranges: roundedRanges(draft.ranges) });
    this.drafts.delete(id);
    if (!this.isLeaving(id)) this.hidden.delete(id);
    await this.readClips().catch(() => {});
    const clip = this.clip(id);
    const [wish, ...rest] = lane.wishes;
    const wishes = lane.wishes.filter((w) => !["call", "hold"].includes(w.kind) && !w.after);
    const done = cameTrue(wish, clip) || error.code === "nothing_to_undo";
    const { seen, now } = this.whose(lane, clip);
    if (!done) this.notAsked(lane, error);
    if (done) this.goOn(id, wish, rest);
    else if (error.status === 412 && now && now === clip) this.faster(lane, clip, wishes);
    else if (error.status === 412 && now) this.notJoined(seen, now, clip, wishes);
    else if ([404, 412].includes(error.status) && seen && !now && wish.kind !== "restored") this.gone(seen);
    else this.notDone(error, clip, wishes.slice(wish.kind === "call" ? 0 : 1));
    if (wish.kind === "created") this.undoable.drop(this.undoable.creation(wish.key));
    const lost = clip && error.status === 412 && !done;
    if (wish.batch) this.settled(wish.batch, lost ? { clip, wishes } : null);
  }

  // A join is refused for either of two clips: the other one's, where its own is as it was.
  whose(lane, clip) {
    const [{ verb, args, key }] = lane.wishes;
    if (verb !== "merge" || !clip || clip.etag !== lane.etag) return { seen: lane.seen, now: clip };
    const now = this.clip(args.other);
    return { seen: this.outbox.heldFor(args.other, key)?.seen ?? now, now };
  }

  // none of the desk's other verbs that waited in a lane is asked for any more, nor what rests on them elsewhere
  notAsked(lane, error) {
    for (const wish of lane.wishes) {
      if (wish.kind === "call") this.notMade(wish, error);
      this.outbox.withdraw(wish.key);
    }
  }

  // What was wanted is so by now; what was wanted after it still is. But a decision that somebody else made is not one's
  // own to take back.
  goOn(id, wish, rest) {
    const decided = wish.kind === "decision" && wish.decision !== "withdrawn";
    if (decided && this.clip(id)?.decision?.by !== this.reviewer) {
      this.undoable.forget(id);
      if (rest[0]?.decision === "withdrawn") rest.shift();
    }
    for (const one of rest) this.outbox.put(id, { ...one, batch: undefined });
    this.onStored(wish.kind, id);
  }

  /** It can't be done. What was wanted after it may have rested on it: only the person knows. */
  notDone(error, clip, rest) {
    if (!clip || !rest.length) return this.say({ text: error.message, tone: "error" });
    const text = `${error.message} What you did after that on ${called(clip.title)} was not stored either.`;
    this.say({ text, tone: "error", stays: true, action: { label: mine(rest), run: () => this.anyway(clip.id, rest) } });
  }

  /** @param {Clip} seen */
  gone({ id, title, etag }) {
    this.undoable.forget(id);
    const after = `"${Number(etag.replaceAll('"', "")) + 1}"`; // the revision that removing it made
    const run = () => this.bringBack({ id, title, etag: after });
    const text = `Somebody removed this clip: ${called(title)}. What you wanted was not stored.`;
    this.say({ text, tone: "info", stays: true, action: { label: "Bring it back", run } });
    this.tell("selection");
  }

  /** The other clip is not what it was when they were joined. @param {Clip} seen @param {Clip} other as it is now @param {Clip} clip @param {Wish[]} rest */
  notJoined(seen, other, clip, rest) {
    const theirs = `${this.whoChanged(other, seen)} ${whatChanged(seen, other)} meanwhile: ${named(other)}.`;
    const message = `${theirs} It was not joined with ${named(clip)}.`;
    if (rest.length) return this.notDone({ message }, clip, rest);
    this.say({ text: message, tone: "info", stays: true, action: { label: "Show it", run: () => this.select(other.id) } });
  }

  /** Say what they did, and offer what was wanted here as a step of its own. */
  faster(lane, clip, wishes) {
    this.undoable.forget(clip.id);
    if (wishes[0]?.batch && this.batches.get(wishes[0].batch)?.left > 0) return;
    const theirs = `${this.whoChanged(clip, lane.seen)} ${whatChanged(lane.seen, clip)} meanwhile`;
    const newest = `${theirs}. What you see of ${named(clip)} is the newest version.`;
    const action = wishes.length ? { label: mine(wishes), run: () => this.anyway(clip.id, wishes) } : undefined;
    /** @type {import("./project_state.js").Message} */
    const message = { text: newest, tone: "info", stays: true, action };
    if (this.selectedId === clip.id) {
      this.tell("selection");
      return this.say(message);
    }
    // The person is at another clip by now, and stays there: the next key must not fall on one they did not look at.
    const show = () => {
      this.select(clip.id);
      if (action) this.say(message);
    };
    const text = `${theirs}: ${named(clip)}. What you did with it was not stored.`;
    this.say({ text, tone: "info", stays: true, action: { label: "Show it", run: show } });
  }

  anyway(id, wishes) {
    const clip = this.clip(id);
    if (!clip) return;
    if (wishes.some((w) => w.kind === "deleted")) return this.remove(clip);
    if (wishes.some((w) => w.take_words)) this.takeWords(clip);
    const ranges = wishes.map((w) => w.ranges).filter(Boolean).pop();
    if (ranges) this.edit(clip, ranges);
    const title = wishes.map((w) => w.title).filter(Boolean).pop();
    if (title) this.rename(clip, title);
    const decision = wishes.filter((w) => w.kind === "decision").pop();
    if (decision) this.decide(clip, decision.decision, decision.reason, decision.note);
  }

  /** One of several decisions made together has its answer. */
  settled(batch, refused = null) {
    const together = this.batches.get(batch);
    if (!together) return;
    together.left -= 1;
    if (refused) together.refused.push(refused);
    if (together.left) return;
    this.batches.delete(batch);
    if (!together.refused.length) return;
    const names = together.refused.map(({ clip }) => `${called(clip.title)} (${this.whoChanged(clip)})`);
    const count = names.length === 1 ? "One clip was" : `${names.length} clips were`;
    const text = `${count} changed by somebody else meanwhile and not decided: ${names.join(", ")}.`;
    const again = () => together.refused.forEach(({ clip, wishes }) => this.anyway(clip.id, wishes));
    this.say({ text, tone: "info", stays: true, action: { label: "Decide anyway", run: again } });
  }
}

function named(clip) {
  return `\u201c${called(clip.title)}\u201d`;
}
