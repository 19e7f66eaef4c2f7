// Notes with a time in the clip: written at the playhead, answered, resolved, opened again.

import { make, makeButton, setText } from "../dom.js";
import { called, clock, moment } from "../rules/format.js";
import { countWhile } from "../rules/rules.js";

/** @typedef {import("../state/api.js").Note} Note */
/** @typedef {import("../rules/rules.js").Range} Range */

const MAX_CHARS = 4000;
const SIGN = { wide: 9, tall: 7, top: 2 }; // of a note on the timeline, in CSS pixels

export class Notes {
  /** @param {any} desk */
  constructor(desk) {
    this.desk = desk;
    this.box = desk.find(".notes");
    /** @type {{clip: string, at_s: number}|null} the place of the note being written */
    this.writing = null;
    /** @type {Map<string, {at_s: number, text: string}>} notes begun on a clip before another one was opened, by clip */
    this.begun = new Map();
    /** @type {Map<string, {key: string, row: HTMLElement}>} */
    this.rows = new Map();
    /** @type {{at_s: number, mine: boolean}[]} the open notes of all clips, by time */
    this.signs = [];
    this.unfolded = false;
    this.build();
    desk.store.commands.register({
      note: this.command((one) => one.at_s === null || Number.isFinite(one.at_s), ["text", "at"]),
      reply: this.command(() => true, ["note", "text", "at"]),
      resolve: this.command(() => true, ["note", "at"]),
      reopen: this.command(() => true, ["note"]),
    });
  }

  build() {
    this.heading = make("h3", "", "Notes");
    const add = makeButton("quiet", "Add a note", () => this.begin());
    add.append(make("kbd", "", "T"));
    const head = make("div", "notes-head");
    head.append(this.heading, add);
    this.form = make("form", "note-form");
    this.label = make("label", "", "");
    this.text = this.area(() => this.save(), () => this.leave());
    this.label.append(make("span", "", ""), this.text);
    this.form.append(this.label, this.ends("Save the note", () => this.save(), () => this.leave()));
    this.form.hidden = true;
    this.list = make("ul", "note-list");
    this.fold = makeButton("quiet note-fold", "", () => this.toggleFold());
    this.resolved = make("ul", "note-list");
    this.box.append(head, this.form, this.list, this.fold, this.resolved);
  }

  // Enter saves, Shift+Enter is a new line, Escape leaves
  area(save, leave) {
    const area = Object.assign(make("textarea", ""), { rows: 2, maxLength: MAX_CHARS });
    area.addEventListener("keydown", (event) => {
      const enter = event.key === "Enter" && !event.shiftKey;
      if (event.isComposing || (!enter && event.key !== "Escape")) return;
      event.preventDefault();
      event.stopPropagation();
      if (enter) save();
      else leave();
    });
    return area;
  }

  ends(text, save, leave) {
    const ends = make("div", "note-ends");
    const done = makeButton("main", text, save);
    done.append(make("kbd", "", "Enter"));
    ends.append(done, makeButton("quiet", "Cancel", leave));
    return ends;
  }

  // --- writing

  /** Begin a new note at the playhead. */
  begin() {
    const { store, player } = this.desk;
    const clip = store.selected;
    if (!clip) return store.notices.say({ text: "Open a clip first: notes belong to clips.", tone: "info" });
    player.pause();
    const begun = this.begun.get(clip.id);
    const at_s = begun?.at_s ?? Math.round(player.time * 1000) / 1000;
    this.writing = { clip: clip.id, at_s };
    if (begun) this.text.value = begun.text;
    this.begun.delete(clip.id);
    setText(this.label.firstChild, `Note at ${whereIn(store.pending.rangesOf(clip), at_s).long}`);
    this.form.hidden = false;
    this.text.focus({ preventScroll: true });
    this.form.scrollIntoView({ block: "nearest" });
  }

  leave() {
    this.form.hidden = true;
    this.writing = null;
    this.text.value = "";
    this.desk.focusQuietly();
  }

  /** Another clip was opened: what was typed waits until this one is opened again. */
  putOff() {
    const { clip, at_s } = this.writing;
    if (this.text.value.trim()) this.begun.set(clip, { at_s, text: this.text.value });
    this.leave();
  }

  save() {
    const text = this.text.value.trim();
    if (!this.writing || !text) return this.leave();
    this.desk.names.then(() => {
      const { clip, at_s } = this.writing;
      this.leave();
      this.add(clip, at_s, text);
    });
  }

  // --- changes, shown at once and stored soon

  add(clip, at_s, text) {
    const args = { clip, note: "", at: "" };
    const call = { verb: "note", args: { clip, at_s, text, at: now() } };
    this.desk.store.commands.askUndoably(`the note \u201c${called(text)}\u201d`, call, { verb: "resolve", args: { ...args, at: now() } }, { verb: "reopen", args });
  }

  reply(clip, note, text) {
    this.desk.store.commands.ask("reply", { clip, note, text, at: now() });
  }

  /** Resolve a note, or open it again. @param {string} clip @param {string} id @param {"resolve"|"reopen"} step */
  settle(clip, id, step) {
    const args = { clip, note: id, at: now() };
    const [label, back] = step === "resolve" ? ["resolving a note", "reopen"] : ["opening a note again", "resolve"];
    this.desk.store.commands.askUndoably(label, { verb: step, args }, { verb: back, args });
  }

  /** @param {(args: any) => boolean} isValid @param {string[]} texts @returns {import("../state/commands.js").Command} */
  command(isValid, texts) {
    const { store } = this.desk;
    return {
      isAlone: true,
      lane: ({ clip }) => `notes of ${clip}`,
      isValid: (args) => ["clip", ...texts].every((name) => typeof args[name] === "string") && isValid(args),
      send: (change) => this.send(change),
      ...(texts.includes("note") ? {} : { fromAnswer: ({ args, by }, { notes }) => ({ note: newest(notes, args, by) }) }),
      onStored: ({ args: { clip } }, { notes }) => {
        store.project.patchClip(clip, { notes });
        store.topics.tell("clips");
      },
      onRefused: (_change, { message }) => store.notices.say({ text: message, tone: "error" }),
    };
  }

  /** @param {import("../state/outbox.js").PendingChange} change */
  send({ verb, key, by, args: { clip, note, at_s, text } }) {
    const { api } = this.desk.store;
    if (verb === "note") return api.note(clip, { at_s, text, by }, key);
    if (verb === "reply") return api.noteStep(note, "replies", { text, by }, key);
    return api.noteStep(note, verb, { by }, key);
  }

  /** The notes of a clip with those on their way, by time. @param {import("../state/api.js").Clip} clip @returns {Note[]} */
  of(clip) {
    const mine = this.desk.store.pending.of(`notes of ${clip.id}`);
    if (!mine.length) return clip.notes ?? [];
    return mine.reduce(withStep, clip.notes ?? []).sort((a, b) => (a.at_s ?? -1) - (b.at_s ?? -1));
  }

  // --- showing

  /** @param {Set<string>} topics */
  update(topics) {
    if (!["clips", "selection", "draft"].some((t) => topics.has(t))) return;
    const { store } = this.desk;
    const clip = store.selected;
    if (topics.has("clips") || topics.has("selection")) this.collect();
    this.box.hidden = !clip;
    if (!clip) return;
    if (this.writing && this.writing.clip !== clip.id) this.putOff();
    const notes = this.of(clip);
    const open = notes.filter((n) => !n.resolved_at);
    const done = notes.filter((n) => n.resolved_at);
    this.fill(this.list, clip, open);
    this.fill(this.resolved, clip, done);
    setText(this.heading, open.length ? `Notes ${open.length}` : "Notes");
    this.fold.hidden = !done.length;
    this.fold.setAttribute("aria-expanded", String(this.unfolded));
    setText(this.fold, `${this.unfolded ? "\u25be" : "\u25b8"} ${done.length} resolved`);
    this.resolved.hidden = !this.unfolded || !done.length;
  }

  toggleFold() {
    this.unfolded = !this.unfolded;
    this.update(new Set(["clips"]));
  }

  // rows are kept where they show the same, so that no text being typed and no button being pressed goes away
  fill(list, clip, notes) {
    const order = notes.map((note) => this.row(clip, note));
    for (const row of [...list.children]) if (!order.includes(row)) row.remove();
    order.forEach((row, i) => row !== list.children[i] && list.insertBefore(row, list.children[i] ?? null));
  }

  row(clip, note) {
    const ranges = this.desk.store.pending.rangesOf(clip);
    const key = JSON.stringify([note, whereIn(ranges, note.at_s).short]);
    const entry = this.rows.get(note.id);
    if (entry?.key === key) return entry.row;
    const row = entry?.row ?? make("li", "note");
    row.dataset.testid = "desk-note";
    const form = row.querySelector("form");
    const replies = make("ul", "note-replies");
    replies.append(...note.replies.map((reply) => this.replyRow(reply)));
    replies.hidden = !note.replies.length;
    for (const old of [...row.children]) if (old !== form) old.remove();
    const head = this.head(ranges, note);
    head.append(this.steps(clip.id, note, row));
    row.prepend(head, make("p", "note-text", note.text), replies);
    this.rows.set(note.id, { key, row });
    return row;
  }

  head(ranges, note) {
    const head = make("div", "note-head");
    const where = whereIn(ranges, note.at_s);
    if (note.at_s === null) head.append(make("span", "note-whole", "Whole clip"));
    else {
      const go = makeButton("tool note-time", where.short, () => this.desk.player.moveTo(note.at_s));
      go.setAttribute("aria-label", `Go to ${where.long}`);
      head.append(go);
    }
    head.append(make("span", "note-who", byline(note)));
    return head;
  }

  replyRow(reply) {
    const row = make("li", "");
    row.append(make("p", "note-text", reply.text), make("span", "note-who", byline(reply)));
    return row;
  }

  steps(clip, note, row) {
    const steps = make("div", "note-steps");
    if (note.id.startsWith("here-")) {
      steps.append(make("span", "note-who", "Saving\u2026"));
      return steps;
    }
    const step = note.resolved_at ? "reopen" : "resolve";
    const settle = () => this.desk.names.then(() => this.settle(clip, note.id, step)) ?? this.desk.focusQuietly();
    const label = note.resolved_at ? "Reopen" : "Resolve";
    if (!note.resolved_at) steps.append(makeButton("tool", "Reply", () => this.beginReply(row, clip, note.id)));
    else steps.append(make("span", "note-who", `\u2713 Resolved${note.resolved_by ? ` by ${note.resolved_by}` : ""}`));
    steps.append(makeButton("tool", label, settle));
    return steps;
  }

  replyForm(clip, id) {
    const form = make("form", "note-form");
    const leave = () => {
      form.remove();
      this.desk.focusQuietly();
    };
    const save = () => {
      const text = area.value.trim();
      if (!text) return leave();
      this.desk.names.then(() => {
        leave();
        this.reply(clip, id, text);
      });
    };
    const area = this.area(save, leave);
    area.setAttribute("aria-label", "Reply");
    form.append(area, this.ends("Send the reply", save, leave));
    return form;
  }

  beginReply(row, clip, id) {
    const form = row.querySelector("form") ?? this.replyForm(clip, id);
    row.append(form);
    form.querySelector("textarea").focus({ preventScroll: true });
    form.scrollIntoView({ block: "nearest" });
  }

  // --- on the timeline

  collect() {
    const { store } = this.desk;
    const signs = [];
    for (const clip of store.project.clips ?? []) {
      for (const note of this.of(clip)) {
        if (!note.resolved_at && note.at_s !== null) signs.push({ at_s: note.at_s, mine: clip.id === store.selectedId });
      }
    }
    this.signs = signs.sort((a, b) => a.at_s - b.at_s);
  }

  /** Draw a small sign in the ruler at each open note; those of other clips are fainter. @param {CanvasRenderingContext2D} g */
  draw(g) {
    const { view, colours } = this.desk;
    const { wide, tall, top } = SIGN;
    const margin = wide * view.perPixel;
    for (let i = countWhile(this.signs, (s) => s.at_s < view.from); i < this.signs.length; i += 1) {
      const { at_s, mine } = this.signs[i];
      if (at_s > view.to + margin) break;
      const x = view.x(at_s);
      g.beginPath();
      g.roundRect(x - wide, top, wide, tall, 2); // to the left of the moment, where the ruler writes no time
      g.moveTo(x, top + 2);
      g.lineTo(x, top + tall + 5);
      g.lineTo(x - 4, top + tall);
      g.strokeStyle = colours.paper;
      g.lineWidth = 2;
      g.stroke();
      g.fillStyle = mine ? colours.accent : colours.muted;
      g.fill();
    }
  }
}

/** @param {Note[]} notes @param {import("../state/outbox.js").PendingChange} change @returns {Note[]} */
function withStep(notes, { verb, key, by, after, args }) {
  const { note, at_s, text, at } = args;
  const id = `here-${key}`;
  if (verb === "note") return [...notes, { id, at_s, text, by, at, resolved_by: null, resolved_at: null, replies: [] }];
  const about = note || `here-${after}`; // the note itself has no answer yet
  const change = (n) => {
    if (verb === "reply") return { ...n, replies: [...n.replies, { id, text, by, at }] };
    return verb === "resolve" ? { ...n, resolved_by: by, resolved_at: at } : { ...n, resolved_by: null, resolved_at: null };
  };
  return notes.map((n) => (n.id === about ? change(n) : n));
}

/** The id of the newest note with this text. @param {Note[]} notes @param {Record<string, any>} args @param {string} by */
function newest(notes, { at_s, text }, by) {
  const alike = notes.filter((n) => n.text === text && n.by === by && n.at_s === at_s && !n.resolved_at);
  return alike.reduce((last, n) => (last && last.at > n.at ? last : n), alike[0])?.id ?? "";
}

function now() {
  return new Date().toISOString();
}

/** @param {{by: string, at: string}} one */
function byline(one) {
  return [one.by, moment(one.at)].filter(Boolean).join(", ");
}

/**
 * A moment on the clip's own clock, or on the recording's where the clip leaves it out; short, and in a sentence.
 * @param {Range[]} ranges @param {number|null} at
 */
function whereIn(ranges, at) {
  if (at === null) return { short: "", long: "" };
  let played = 0;
  for (const { start_s, end_s } of ranges) {
    if (at >= start_s - 0.0005 && at <= end_s + 0.0005) {
      const here = clock(played + Math.max(0, at - start_s));
      return { short: here, long: `${here} of the clip` };
    }
    played += end_s - start_s;
  }
  return { short: `${clock(at)} outside`, long: `${clock(at)} of the recording` };
}
