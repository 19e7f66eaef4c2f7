// Clips by hand: duplicate, split, join, remove, and cut a range out.

import { keyButton } from "../dom.js";
import { called, clock, length } from "../rules/format.js";
import { areRanges, joinedRanges, lengthOf, putBack, roundedRanges, spanOf, splitPlace, without } from "../rules/rules.js";
import { Problem } from "../state/api.js";

/** @typedef {import("../rules/rules.js").Range} Range */
/** @typedef {import("../state/api.js").Clip} Clip */

/** @typedef {import("../state/outbox.js").PendingChange} PendingChange */

const MIN_HALF_S = 1;

export class Shapes {
  /** @param {any} desk */
  constructor(desk) {
    this.desk = desk;
    this.box = desk.find(".shapes");
    /** @type {{at_s: number|null, span: Range|null}} the place of a split on its way, the span of a join on its way */
    this.coming = { at_s: null, span: null };
    this.next = keyButton(desk, "Join with next", "G", () => this.merge());
    this.box.append(
      keyButton(desk, "Duplicate", "D", () => this.duplicate()),
      keyButton(desk, "Split", "S", () => this.split()),
      this.next,
      keyButton(desk, "Cut out", "", () => this.cutMarked()),
      keyButton(desk, "Remove", "Del", () => this.remove(true)),
    );
    desk.store.commands.register({ split: this.splitting, merge: this.joining, part: this.parting });
    desk.store.topics.on((topics) => this.update(topics));
  }

  /** @param {Set<string>} topics */
  update(topics) {
    if (topics.has("saving")) this.showComing();
    if (!["clips", "selection", "draft"].some((t) => topics.has(t))) return;
    this.box.hidden = !this.desk.store.selected;
    const next = this.following();
    this.next.disabled = !next;
    this.next.title = next ? `Join with ${called(next.title)}` : "There is no clip after this one";
  }

  /** @param {string} text @param {import("../state/notices.js").Message["tone"]} [tone] @param {boolean} [undo] whether undo is offered */
  say(text, tone = "info", undo = false) {
    const action = { label: "Undo", key: "Z", run: () => this.desk.undo() };
    this.desk.store.notices.say({ text, tone, ...(undo ? { action } : {}) });
  }

  duplicate() {
    const { store, names } = this.desk;
    const clip = store.selected;
    if (clip) names.then(() => store.pending.create(store.pending.rangesOf(clip), clip.title));
  }

  split() {
    const { store, player, ranges, names } = this.desk;
    const clip = store.selected;
    if (!clip) return;
    const at = player.time;
    if (at <= store.span.start_s || at >= store.span.end_s) return this.say("Put the playhead inside the clip to split it there.");
    const place = splitPlace(ranges, at, store.project.silences, MIN_HALF_S);
    if (place === null) return this.say("Too near its start or end: each part of a clip lasts at least a second.");
    names.then(() => this.splitAt(clip, place));
  }

  splitAt(clip, at_s) {
    const { store } = this.desk;
    const undo = { verb: "merge", args: { clip: clip.id, other: "", other_etag: "", ranges: roundedRanges(store.pending.rangesOf(clip)) } };
    store.commands.askUndoably(`splitting ${called(clip.title)}`, { verb: "split", args: { clip: clip.id, at_s } }, undo);
  }

  /** @returns {import("../state/commands.js").Command} */
  get splitting() {
    const { store } = this.desk;
    return {
      lane: ({ clip }) => clip,
      isValid: ({ clip, at_s }) => typeof clip === "string" && Number.isFinite(at_s),
      send: ({ key, by, args: { clip, at_s } }, etag) => store.api.split(clip, etag, { at_s, by }, key),
      fromAnswer: (_change, { clips: [, second] }) => ({ other: second?.id ?? "", other_etag: second?.etag ?? "" }),
      onStored: ({ args, quiet }, { clips }) => {
        this.put(args.clip, clips);
        const rest = store.project.clip(clips[1]?.id);
        if (!quiet) this.say(`Split at ${clock(args.at_s)}: ${rest ? called(rest.title) : "the rest"} is a clip of its own.`, "ok", true);
      },
    };
  }

  /** The clip that begins next in the recording. @returns {Clip|null} */
  following() {
    const { store } = this.desk;
    const clip = store.selected;
    if (!clip) return null;
    const start = (c) => store.pending.rangesOf(c)[0].start_s;
    const later = store.project.clips.filter((c) => c.id !== clip.id && start(c) >= start(clip));
    return later.reduce((first, c) => (!first || start(c) < start(first) ? c : first), null);
  }

  merge() {
    const { store, names } = this.desk;
    const clip = store.selected;
    const other = this.following();
    if (!clip) return;
    if (!other) return this.say("There is no clip after this one to join it with.");
    names.then(() => this.mergeWith(clip, other));
  }

  mergeWith(clip, other) {
    const { store } = this.desk;
    const [before, theirs] = [store.pending.rangesOf(clip), store.pending.rangesOf(other)].map(roundedRanges);
    const ranges = joinedRanges(before, theirs);
    const stays = ranges.length > before.length + theirs.length - 1;
    const both = { clip: clip.id, other: other.id };
    const call = { verb: "merge", args: { ...both, other_etag: "", ranges, title: other.title, stays } };
    const undo = { verb: "part", args: { ...both, etag: "", ranges: before } };
    store.commands.askUndoably(`joining ${called(clip.title)} with ${called(other.title)}`, call, undo);
  }

  /** @returns {import("../state/commands.js").Command} */
  get joining() {
    const { store } = this.desk;
    return {
      lane: ({ clip }) => clip,
      isValid: ({ clip, other, other_etag, ranges }) => areTexts(clip, other, other_etag) && clip !== other && areRanges(ranges),
      holds: ({ other }) => (other ? [other] : []), // the join waits for what already waits for the other clip
      send: (change, etag) => this.sendJoin(change, etag),
      fromAnswer: ({ args }, { removed_etag }) => ({ etag: removed_etag ?? laterBy(args.other_etag) }),
      onStored: ({ args, quiet }, { clip, removed_etag }) => {
        const etag = removed_etag ?? laterBy(args.other_etag);
        const lane = store.outbox.lanes.get(args.other);
        if (lane) lane.etag = etag;
        store.pending.put(clip);
        store.pending.removed(args.other, etag);
        const still = args.stays ? " What lies between them stays cut out." : "";
        if (!quiet) this.say(`Joined with ${called(args.title ?? "")}, ${length(lengthOf(args.ranges))} now.${still}`, "ok", true);
      },
    };
  }

  /** @param {PendingChange} change @param {string|null} etag */
  async sendJoin({ key, by, args }, etag) {
    const { store } = this.desk;
    const { clip, other, ranges } = args;
    args.other_etag = args.other_etag || (store.outbox.heldFor(other, key)?.etag ?? "");
    if (!args.other_etag) throw new Problem(412, { detail: "The clip to join it with was changed or removed meanwhile." });
    store.outbox.persist(); // sent again without an answer, it has to be the same request
    return store.api.merge(clip, etag, { other, other_etag: args.other_etag, ranges, by }, key);
  }

  /** Undoes a join: the other clip is brought back, and the first gets its ranges of before. @returns {import("../state/commands.js").Command} */
  get parting() {
    const { store } = this.desk;
    return {
      lane: ({ clip }) => clip,
      isValid: ({ clip, other, etag, ranges }) => areTexts(clip, other, etag) && areRanges(ranges),
      expand: ({ clip, other, etag, ranges }, { after }) => {
        const turn = after ? { after } : {};
        store.pending.restore(other, etag, { quiet: true, ...turn });
        if (store.project.clip(clip)) store.pending.addVersion(store.project.clip(clip), { ranges, ...turn });
      },
    };
  }

  // the second half comes after the first in the list, as in the recording
  put(id, clips) {
    const { store } = this.desk;
    store.pending.put(...clips);
    const ids = new Set(clips.map((c) => c.id));
    const rest = store.project.clips.filter((c) => c.id === id || !ids.has(c.id));
    const here = rest.findIndex((c) => c.id === id);
    store.project.clips = [...rest.slice(0, here), ...clips, ...rest.slice(here + 1)];
    for (const clip of clips) store.topics.onStored(clip.id === id ? "version" : "created", clip.id);
  }

  /** Show a split or a join that waits on the timeline. */
  showComing() {
    const { store, timeline } = this.desk;
    const at_s = store.commands.waiting("split").at(-1)?.args.at_s ?? null;
    const joined = store.commands.waiting("merge").at(-1)?.args.ranges;
    this.coming = { at_s, span: joined ? spanOf(joined) : null };
    timeline.redraw();
  }

  /** Remove the clip; or close a gap, where an edge of that has the focus. @param {boolean} [whole] */
  remove(whole = false) {
    const { store, edges, activeElement, timeline } = this.desk;
    const clip = store.selected;
    if (!clip) return;
    const focused = timeline.handles.inner.includes(activeElement.call(this.desk));
    if (!whole && focused && edges.innerPart !== null) return this.putBack(edges.active === "out" ? edges.innerPart : edges.innerPart - 1);
    store.pending.remove(clip);
    this.say(`Removed: ${called(clip.title)}.`, "info", true);
  }

  /** Close the gap after a part again. @param {number} part */
  putBack(part) {
    const { edges, ranges } = this.desk;
    edges.activate(edges.active);
    edges.set(putBack(ranges, part));
    this.desk.focusQuietly();
    this.say("Put back.", "info", true);
  }

  cutMarked() {
    if (this.desk.marks.mark) return this.desk.cutOrRemove();
    this.say("First mark what to cut out: drag over its words, or drag with Shift on the waveform.");
  }

  /** @param {import("../timeline/marks.js").Mark} mark */
  cutOut(mark) {
    const { edges, ranges, marks } = this.desk;
    if (!ranges) return;
    const cut = marks.cutting(mark);
    const rest = without(ranges, cut);
    if (!rest.length) return this.say("That would leave nothing of the clip. Press Delete again to remove the clip.");
    if (lengthOf(rest) > lengthOf(ranges) - 0.001) return this.say("The marked stretch does not lie in the open clip.");
    edges.set(rest);
    this.say(`Cut out ${length(lengthOf(ranges) - lengthOf(rest))}. The clip lasts ${length(lengthOf(rest))} now.`, "ok", true);
  }
}

/** @param {string} etag */
function laterBy(etag) {
  return `"${Number(etag.replaceAll('"', "")) + 1}"`;
}

function areTexts(...values) {
  return values.every((value) => typeof value === "string");
}
