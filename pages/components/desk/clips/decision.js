// Approve, ask for changes, reject: the buttons, the reasons, and the decisions of before.

import { make, makeButton, makeSign, setText } from "../dom.js";
import { REASONS, STATUS, called, moment } from "../rules/format.js";
import { isWorking, standingDecisions } from "../rules/status.js";

const VERDICTS = { approved: "Approved", rejected: "Rejected", changes_requested: "Changes asked", withdrawn: "Taken back" };
const TAKEN_BACK = "\u21a9";
const MADE = "\u2022";
const MIN_NOTE_CHARS = 3; // where the reason is "another one", which says nothing by itself
const MAX_NOTE_CHARS = 1000;
const WARN_NOTE_CHARS = 900; // from which the room that is left is shown

export class Decision {
  /** @param {any} desk */
  constructor(desk) {
    this.desk = desk;
    const { find } = desk;
    this.box = find(".decide");
    this.buttons = { approved: find(".approve"), changes_requested: find(".changes"), rejected: find(".reject") };
    this.menus = { reject: find(".reject-menu"), changes: find(".changes-menu") };
    this.rejectNote = find(".reject-note");
    this.changesNote = find(".changes-note");
    this.hint = find(".reject-hint");
    this.history = find(".history");
    this.carry = find(".carry");
    this.open = null;
    /** @type {string|null} the clip the open menu is about */
    this.about = null;
    /** @type {string|null} a reason that waits for its note */
    this.waiting = null;
    this.drawnKey = "";
    this.fill();
    this.listen();
  }

  fill() {
    this.items = REASONS.map(([code, label], i) => {
      const item = makeButton("item", "", () => this.reject(code));
      item.dataset.reason = code;
      item.append(make("kbd", "", String(i + 1)), make("span", "", label));
      return item;
    });
    this.menus.reject.querySelector(".items").replaceChildren(...this.items);
  }

  listen() {
    this.buttons.approved.addEventListener("click", () => this.desk.decide("approved"));
    this.buttons.rejected.addEventListener("click", () => this.toggle("reject"));
    this.buttons.changes_requested.addEventListener("click", () => this.toggle("changes"));
    this.desk.find(".undo").addEventListener("click", () => this.desk.undo());
    this.desk.find(".carry-over").addEventListener("click", () => this.desk.carryOver());
    this.desk.find(".send-changes").addEventListener("click", () => this.askForChanges());
    this.desk.find(".reject-plain").addEventListener("click", () => this.reject(this.waiting));
    this.history.addEventListener("toggle", () => this.drawHistory());
    this.listenToNote(this.rejectNote, () => this.reject(this.waiting));
    this.listenToNote(this.changesNote, () => this.askForChanges());
    for (const [name, menu] of Object.entries(this.menus)) {
      menu.addEventListener("keydown", (event) => event.key === "Escape" && this.onEnter(event, () => this.close()));
      menu.addEventListener("focusout", (event) => {
        const to = event.relatedTarget;
        if (to && this.open === name && !this.holds(to)) this.close();
      });
    }
    this.desk.root.addEventListener("pointerdown", (event) => {
      if (this.open && !this.holds(event.target)) this.close();
    });
  }

  listenToNote(note, send) {
    note.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey) this.onEnter(event, send);
    });
    note.addEventListener("input", () => this.drawRoom(note));
  }

  onEnter(event, run) {
    if (event.isComposing) return;
    event.preventDefault();
    event.stopPropagation();
    run();
  }

  /** True if an element is part of an open menu, or a button that opens it. @param {any} at */
  holds(at) {
    const { bar } = this.desk.picked;
    return this.box.contains(at) || bar.contains(at);
  }

  /** @param {"reject"|"changes"} name */
  toggle(name) {
    if (this.open === name) return this.close();
    const several = this.desk.picked.clips.length;
    if (!several && !this.desk.store.selected) return;
    this.close();
    this.open = name;
    this.about = this.desk.store.selectedId;
    const menu = this.menus[name];
    // beside its subject: at the list where several clips are picked
    const place = several ? this.desk.picked.bar : this.box;
    if (menu.parentElement !== place) place.append(menu);
    const about = menu.querySelector(".menu-for");
    about.hidden = !several;
    setText(about, several === 1 ? "1 picked clip" : `${several} picked clips`);
    menu.hidden = false;
    this.button(name).setAttribute("aria-expanded", "true");
    (name === "changes" ? this.changesNote : this.items[0]).focus({ preventScroll: true });
    menu.scrollIntoView({ block: "nearest" });
  }

  button(name) {
    return name === "reject" ? this.buttons.rejected : this.buttons.changes_requested;
  }

  close() {
    if (!this.open) return;
    this.menus[this.open].hidden = true;
    this.button(this.open).setAttribute("aria-expanded", "false");
    this.open = null;
    this.rejectNote.value = "";
    this.changesNote.value = "";
    this.awaitNote(null);
    for (const note of [this.rejectNote, this.changesNote]) this.drawRoom(note);
    this.desk.focusQuietly();
  }

  /** @param {string|null} reason */
  reject(reason) {
    const note = this.rejectNote.value.trim();
    if (reason === "other" && [...note].length < MIN_NOTE_CHARS) return this.awaitNote(reason);
    this.close();
    this.desk.decide("rejected", reason, note || null);
  }

  /** Let a reason that says nothing by itself wait for a few words. @param {string|null} reason */
  awaitNote(reason) {
    this.waiting = reason;
    for (const item of this.items) item.classList.toggle("chosen", item.dataset.reason === reason);
    this.hint.hidden = !reason;
    this.rejectNote.placeholder = reason ? "Why? A few words" : "Add a note (optional)";
    this.rejectNote.setAttribute("aria-required", String(Boolean(reason)));
    const [key, label] = this.menus.reject.querySelector(".reject-plain").children;
    setText(key, reason ? "Enter" : "X");
    setText(label, reason ? "Reject with this note" : "Reject without a reason");
    if (reason) this.rejectNote.focus({ preventScroll: true });
  }

  askForChanges() {
    const note = this.changesNote.value.trim() || null;
    this.close();
    this.desk.decide("changes_requested", null, note);
  }

  drawRoom(note) {
    const room = note.parentElement.querySelector(".room");
    const long = note.value.length;
    room.hidden = long < WARN_NOTE_CHARS;
    setText(room, long < MAX_NOTE_CHARS ? `${MAX_NOTE_CHARS - long} characters left` : "No more than 1,000 characters");
  }

  /** Take a key while the reasons are open; true if it meant one of them. @param {string} key */
  reasonKey(key) {
    if (this.open !== "reject") return false;
    if (key === "arrowup" || key === "arrowdown") return this.moveInMenu(key === "arrowdown" ? 1 : -1);
    const reason = REASONS[Number(key) - 1];
    if (key === "x") this.reject(null);
    else if (key === "escape") this.close();
    else if (reason) this.reject(reason[0]);
    return Boolean(reason) || key === "x" || key === "escape";
  }

  moveInMenu(direction) {
    const here = this.items.indexOf(this.desk.activeElement());
    this.items[(here + direction + this.items.length) % this.items.length].focus();
    return true;
  }

  // --- deciding

  /** Decide on the picked clips, else on the open one, and open the next undecided clip. */
  decide(decision, reason = null, note = null) {
    const { store, player, picked, filters } = this.desk;
    if (picked.clips.length) return picked.decide(decision, reason, note);
    const clip = store.selected;
    if (!clip) return;
    const { word, sign } = STATUS[decision];
    if (store.pending.statusOf(clip) === decision && !reason && !note) return store.notices.say({ text: `Already ${word}.`, tone: "info" });
    this.desk.playNext = player.playing;
    store.pending.decide(clip, decision, reason, note);
    this.sayDone(`${sign} ${word[0].toUpperCase()}${word.slice(1)}: ${called(clip.title)}.`);
    const { next } = filters;
    if (next) this.desk.open(next.id);
    else this.desk.playNext = false;
  }

  /** Let the approval of an earlier version hold for this one too. @param {import("../state/api.js").Clip} clip */
  carryOver(clip) {
    this.desk.store.pending.carry(clip.id);
    this.sayDone(`${STATUS.approved.sign} Approval carried over: ${called(clip.title)}.`);
    const { next } = this.desk.filters;
    if (next) this.desk.open(next.id);
  }

  /** Say that something was decided, what is left, and how it is taken back. @param {string} text */
  sayDone(text) {
    const left = this.desk.filters.next ? "" : ` ${this.leftText()}`;
    const undo = { label: "Undo", key: "Z", run: () => this.desk.undo() };
    this.desk.store.notices.say({ text: text + left, tone: "ok", action: undo });
  }

  /** Go to the next undecided clip, or say why there is none. */
  openNext() {
    const { filters, store } = this.desk;
    const { next } = filters;
    if (next) return this.desk.open(next.id);
    if (!store.project.clips?.length) return;
    const show = { label: "Show all", run: () => (filters.clear(), this.openNext()) };
    store.notices.say({ text: this.leftText(), tone: "info", ...(filters.outside ? { action: show } : {}) });
  }

  /** The number of clips left to decide where no listed one is, in words. */
  leftText() {
    const { store, filters } = this.desk;
    const all = store.project.clips?.length ?? 0;
    const open = store.selected && store.pending.statusOf(store.selected) === "proposed";
    if (filters.outside) return `${filters.outside} more outside this filter.`;
    if (open) return "Only this clip is not decided.";
    if (store.project.info && isWorking(store.project.info)) return `All ${all} decided so far; more are being proposed.`;
    return all === 1 ? "Every clip is decided." : `All ${all} clips are decided.`;
  }

  // --- showing

  /** @param {Set<string>} topics */
  update(topics) {
    if (topics.has("selection") && this.desk.store.selectedId !== this.about) this.close();
    if (!["clips", "selection", "draft", "saving", "picked"].some((t) => topics.has(t))) return;
    const { store } = this.desk;
    const clip = store.selected;
    this.box.hidden = !clip;
    if (!clip) return;
    const status = store.pending.statusOf(clip);
    this.box.dataset.status = status;
    for (const [verdict, button] of Object.entries(this.buttons)) button.setAttribute("aria-pressed", String(verdict === status));
    setText(this.desk.find(".verdict"), this.verdict(clip, status));
    const own = status !== "proposed" && clip.decision?.by === store.pending.reviewer;
    this.desk.find(".undo").disabled = !store.history.done.length && !own;
    setText(this.desk.find(".saved"), store.pending.isUnsaved(clip.id) ? "Not saved yet" : store.pending.isSaving(clip.id) ? "Saving\u2026" : "");
    const link = this.desk.find(".render");
    link.hidden = clip.render?.state !== "succeeded" || !clip.render.url;
    if (!link.hidden) link.href = clip.render.download_url ?? clip.render.url;
    this.drawCarry(clip, status);
    this.history.hidden = !clip.decisions?.length && clip.version < 2;
    this.drawHistory();
  }

  verdict(clip, status) {
    if (status === "proposed") return "";
    const done = this.desk.store.pending.decisionOf(clip);
    if (!done) return `${STATUS[status].sign} ${VERDICTS[status]}`;
    const who = [done.by && `by ${done.by}`, done.at && moment(done.at), carriedText(done)].filter(Boolean).join(", ");
    const why = whyText(done);
    return `${STATUS[status].sign} ${VERDICTS[status]} ${who}${why ? `: ${why}` : ""}`;
  }

  drawCarry(clip, status) {
    const from = status === "proposed" && !this.desk.store.pending.drafts.has(clip.id) ? clip.carry_from : null;
    this.carry.hidden = !from;
    if (!from) return;
    const approval = clip.decisions?.findLast((d) => d.version === from && d.decision === "approved");
    const who = approval?.by ? ` by ${approval.by}` : "";
    setText(this.carry.querySelector("span"), `Version ${from} was approved${who}. This is version ${clip.version}: carry the approval over, or decide anew.`);
  }

  /** Draw every version and every decision, the newest first, while the history is open. */
  drawHistory() {
    const clip = this.desk.store.selected;
    if (!this.history.open || this.history.hidden || !clip) return;
    const key = JSON.stringify([clip.id, clip.version, clip.versions, clip.decisions]);
    if (key === this.drawnKey) return;
    this.drawnKey = key;
    this.history.querySelector("ol").replaceChildren(...eventsOf(clip).map(historyLine).reverse());
  }
}

function carriedText(done) {
  return done.carried_from ? `carried over from version ${done.carried_from}` : "";
}

function whyText(done) {
  const reason = REASONS.find(([code]) => code === done.reason)?.[1];
  return [reason, done.note && `\u201c${done.note}\u201d`].filter(Boolean).join(", ");
}

/** @typedef {{sign: string, what: string, at: string, why?: string, status?: string, takenBack?: boolean,
 *   open?: boolean}} HistoryEvent `open`: an undecided version */

/**
 * The events of a clip, in order: a version, the decisions on it, the next version. Undecided versions in a row by the same
 * maker are one event.
 * @param {import("../state/api.js").Clip} clip @returns {HistoryEvent[]}
 */
function eventsOf(clip) {
  const decisions = clip.decisions ?? [];
  const decided = new Set(decisions.map((d) => d.version));
  const versions = clip.versions ?? [{ number: clip.version, by: clip.changed_by ?? "", at: "" }];
  const runs = [];
  for (const version of versions) {
    const run = runs.at(-1);
    if (run && run.last.by === version.by && !decided.has(run.last.number)) run.last = version;
    else runs.push({ first: version, last: version });
  }
  return runs.flatMap((run) => {
    const own = decisions.filter((d) => d.version === run.last.number);
    return [versionEvent(run, clip, !own.length), ...decisionEvents(own)];
  });
}

/** @returns {HistoryEvent} */
function versionEvent({ first, last }, clip, undecided) {
  const which = first === last ? `Version ${first.number}` : `Versions ${first.number} to ${last.number}`;
  const proposed = clip.origin === "proposed" && last.number === 1;
  const who = proposed ? "proposed by Clipper" : last.by && `made by ${last.by}`;
  const open = undecided && last.number === clip.version;
  return { sign: MADE, what: [which, who].filter(Boolean).join(", "), at: last.at, open };
}

/** @param {import("../state/api.js").Decision[]} decisions on one version @returns {HistoryEvent[]} */
function decisionEvents(decisions) {
  const standing = new Set(standingDecisions(decisions));
  return decisions.map((done) => {
    const what = [VERDICTS[done.decision] ?? done.decision, done.by && `by ${done.by}`].filter(Boolean).join(" ");
    return {
      sign: STATUS[done.decision]?.sign ?? TAKEN_BACK,
      what: [what, carriedText(done)].filter(Boolean).join(", "),
      at: done.at,
      why: whyText(done),
      status: done.decision,
      takenBack: done.decision !== "withdrawn" && !standing.has(done),
    };
  });
}

/** @param {HistoryEvent} event */
function historyLine(event) {
  const line = make("li", event.takenBack ? "taken-back" : "");
  const sign = makeSign(event.sign);
  const what = make("span", "what");
  what.append(make("span", "", event.what));
  if (event.at) what.append(Object.assign(make("time", "", stamp(event.at)), { dateTime: event.at }));
  line.append(sign, what);
  if (event.why) line.append(Object.assign(make("span", "reason", event.why), { dir: "auto" }));
  if (event.open) line.append(make("span", "reason", "Not decided yet."));
  if (event.status) line.dataset.status = event.status;
  return line;
}

/** The time of a moment today; day and time of an earlier one. @param {string} iso */
function stamp(iso) {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return "";
  const time = at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const day = moment(iso);
  return new Date().toDateString() === at.toDateString() ? time : `${day}, ${time}`;
}
