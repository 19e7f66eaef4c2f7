// Clips by hand: a copy, two of one, one of two, none, and a stretch cut out.

import { verbButton } from "./details.js";
import { called, clock, length } from "./format.js";
import { joinedRanges, lengthOf, putBack, splitPlace, without } from "./rules.js";

/** @typedef {import("./rules.js").Range} Range */
/** @typedef {import("./api.js").Clip} Clip */

const LEAST_HALF_S = 1;

export class Shapes {
  /** @param {any} desk */
  constructor(desk) {
    this.desk = desk;
    this.box = desk.find(".shapes");
    this.next = verbButton(desk, "Join with next", "G", () => this.merge());
    this.box.append(
      verbButton(desk, "Duplicate", "D", () => this.duplicate()),
      verbButton(desk, "Split", "S", () => this.split()),
      this.next,
      verbButton(desk, "Cut out", "", () => this.cutMarked()),
      verbButton(desk, "Remove", "Del", () => this.remove(true)),
    );
    desk.store.on((topics) => this.update(topics));
  }

  /** @param {Set<string>} topics */
  update(topics) {
    if (!["clips", "selection", "draft"].some((t) => topics.has(t))) return;
    this.box.hidden = !this.desk.store.selected;
    const next = this.following();
    this.next.disabled = !next;
    this.next.title = next ? `Join with ${called(next.title)}` : "There is no clip after this one";
  }

  say(text, tone = "info", undo = false) {
    const action = { label: "Undo", key: "Z", run: () => this.desk.undo() };
    this.desk.store.say({ text, tone, ...(undo ? { action } : {}) });
  }

  duplicate() {
    const { store, names } = this.desk;
    const clip = store.selected;
    if (clip) names.then(() => store.create(store.rangesOf(clip), clip.title));
  }

  split() {
    const { store, player, ranges, names } = this.desk;
    const clip = store.selected;
    if (!clip) return;
    const at = player.time;
    if (at <= store.span.start_s || at >= store.span.end_s) return this.say("Put the playhead inside the clip to split it there.");
    const place = splitPlace(ranges, at, store.silences, LEAST_HALF_S);
    if (place === null) return this.say("Too near its start or end: each part of a clip lasts at least a second.");
    names.then(() => this.splitAt(clip, place));
  }

  async splitAt(clip, place) {
    const { store } = this.desk;
    const before = store.rangesOf(clip);
    const step = { kind: "call", label: `splitting ${called(clip.title)}`, undo: () => (sent = sent.then((done) => done && back())), redo: () => (sent = sent.then(() => divide())) };
    let second = "";
    const divide = async () => {
      this.pending(place);
      const send = async (key, etag) => {
        const answer = await store.api.split(clip.id, etag, { at_s: place, by: store.reviewer }, key);
        second = answer.clips[1]?.id ?? "";
        this.put(clip.id, answer.clips);
        return answer;
      };
      const answer = await store.ask(clip.id, send);
      this.pending(null);
      return answer;
    };
    const back = () => this.join(clip.id, second, before);
    let sent = divide();
    store.undoable.push(step); // at once, so that undo takes back what was done last
    if (!(await sent)) return store.undoable.drop(step);
    this.say(`Split at ${clock(place)}: ${store.clip(second) ? called(store.clip(second).title) : "the rest"} is a clip of its own.`, "ok", true);
  }

  /** The clip that begins next in the recording. @returns {Clip|null} */
  following() {
    const { store } = this.desk;
    const clip = store.selected;
    if (!clip) return null;
    const start = (c) => store.rangesOf(c)[0].start_s;
    const later = store.clips.filter((c) => c.id !== clip.id && start(c) >= start(clip));
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

  async mergeWith(clip, other) {
    const { store, timeline } = this.desk;
    const [before, theirs] = [store.rangesOf(clip), store.rangesOf(other)];
    const ranges = joinedRanges(before, theirs);
    timeline.ghost = { start_s: ranges[0].start_s, end_s: ranges[ranges.length - 1].end_s };
    timeline.redraw();
    let sent = this.join(clip.id, other.id, ranges); // the etag of the other one, which is gone
    const back = async (etag) => (etag && (await this.part(clip.id, other.id, etag, before)), etag);
    const again = async (etag) => (await this.join(clip.id, other.id, ranges)) ?? etag;
    const step = {
      kind: "call",
      label: `joining ${called(clip.title)} with ${called(other.title)}`,
      undo: () => (sent = sent.then(back)),
      redo: () => (sent = sent.then(again)),
    };
    store.undoable.push(step); // at once, so that undo takes back what was done last
    const gone = await sent;
    timeline.ghost = null;
    timeline.redraw();
    if (!gone) return store.undoable.drop(step);
    const still = ranges.length > before.length + theirs.length - 1 ? " What lies between them stays cut out." : "";
    this.say(`Joined with ${called(other.title)}, ${length(lengthOf(ranges))} now.${still}`, "ok", true);
  }

  /** Two clips into the first; answers what the other can be brought back by. @returns {Promise<string|null>} */
  async join(id, otherId, ranges) {
    const { store } = this.desk;
    // in its turn after what already waits for the other one
    const other_etag = await store.ask(otherId, async (_key, etag) => etag ?? store.clip(otherId)?.etag);
    if (!other_etag) return null;
    const answer = await store.ask(id, async (key, etag) => {
      const body = { other: otherId, other_etag, ranges, by: store.reviewer };
      const got = await store.api.merge(id, etag, body, key);
      store.put(got.clip);
      store.without(otherId);
      store.onStored("deleted", otherId);
      return got;
    });
    return answer && (answer.removed_etag ?? laterBy(other_etag));
  }

  /** The other clip is back, and the first as it was. */
  async part(id, otherId, etag, before) {
    const { store } = this.desk;
    const send = async (key) => {
      const clip = await store.api.restore(otherId, etag, { by: store.reviewer }, key);
      store.put(clip);
      return clip;
    };
    if (!(await store.ask(otherId, send))) return;
    const change = async (key, seen) => {
      const clip = await store.api.version(id, seen, { ranges: before, by: store.reviewer }, key);
      store.put(clip);
      return clip;
    };
    await store.ask(id, change);
  }

  // the second half stands behind the first in the list, as it does in the recording
  put(id, clips) {
    const { store } = this.desk;
    store.put(...clips);
    const ids = new Set(clips.map((c) => c.id));
    const rest = store.clips.filter((c) => c.id === id || !ids.has(c.id));
    const here = rest.findIndex((c) => c.id === id);
    store.clips = [...rest.slice(0, here), ...clips, ...rest.slice(here + 1)];
    for (const clip of clips) store.onStored(clip.id === id ? "version" : "created", clip.id);
  }

  pending(at) {
    this.desk.timeline.ghostAt = at;
    this.desk.timeline.redraw();
  }

  /** The clip; or what is cut out there, where an edge of that has the focus. @param {boolean} [whole] */
  remove(whole = false) {
    const { store, edges, activeElement, timeline } = this.desk;
    const clip = store.selected;
    if (!clip) return;
    const focused = timeline.inner.includes(activeElement.call(this.desk));
    if (!whole && focused && edges.innerPart !== null) return this.putBack(edges.active === "out" ? edges.innerPart : edges.innerPart - 1);
    store.remove(clip);
    this.say(`Removed: ${called(clip.title)}.`, "info", true);
  }

  /** What was cut out after a part is in again. @param {number} part */
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

  /** @param {import("./marks.js").Mark} mark */
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
