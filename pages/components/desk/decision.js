// Approve, ask for changes, reject: the buttons, the reasons, and what was decided before.

import { REASONS, STATUS, moment } from "./format.js";
import { make } from "./details.js";
import { setText } from "./stage.js";

const VERDICTS = { approved: "Approved", rejected: "Rejected", changes_requested: "Changes asked" };

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
    this.open = null;
    this.fill();
    this.listen();
  }

  fill() {
    const items = REASONS.map(([code, label], i) => {
      const item = make("button", "item");
      item.type = "button";
      item.dataset.reason = code;
      item.append(make("kbd", "", String(i + 1)), make("span", "", label));
      item.addEventListener("click", () => this.reject(code));
      return item;
    });
    this.menus.reject.querySelector(".items").replaceChildren(...items);
  }

  listen() {
    this.buttons.approved.addEventListener("click", () => this.desk.decide("approved"));
    this.buttons.rejected.addEventListener("click", () => this.toggle("reject"));
    this.buttons.changes_requested.addEventListener("click", () => this.toggle("changes"));
    this.desk.find(".undo").addEventListener("click", () => this.desk.undo());
    this.desk.find(".send-changes").addEventListener("click", () => this.askForChanges());
    this.desk.find(".reject-plain").addEventListener("click", () => this.reject(null));
    this.rejectNote.addEventListener("keydown", (event) => event.key === "Enter" && this.onEnter(event, () => this.reject(null)));
    this.changesNote.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey) this.onEnter(event, () => this.askForChanges());
    });
    for (const [name, menu] of Object.entries(this.menus)) {
      menu.addEventListener("keydown", (event) => event.key === "Escape" && this.onEnter(event, () => this.close()));
      menu.addEventListener("focusout", (event) => {
        const to = event.relatedTarget;
        if (to && !menu.contains(to) && !this.box.contains(to) && this.open === name) this.close();
      });
    }
    this.desk.root.addEventListener("pointerdown", (event) => {
      if (this.open && !this.box.contains(/** @type {Node} */ (event.target))) this.close();
    });
  }

  onEnter(event, run) {
    if (event.isComposing) return;
    event.preventDefault();
    event.stopPropagation();
    run();
  }

  /** @param {"reject"|"changes"} name */
  toggle(name) {
    if (this.open === name) return this.close();
    if (!this.desk.store.selected) return;
    this.close();
    this.open = name;
    this.menus[name].hidden = false;
    this.button(name).setAttribute("aria-expanded", "true");
    (name === "changes" ? this.changesNote : this.menus.reject.querySelector(".item")).focus({ preventScroll: true });
    this.menus[name].scrollIntoView({ block: "nearest" });
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
    this.desk.focusQuietly();
  }

  /** @param {string|null} reason */
  reject(reason) {
    const note = this.rejectNote.value.trim() || null;
    this.close();
    this.desk.decide("rejected", reason, note);
  }

  askForChanges() {
    const note = this.changesNote.value.trim() || null;
    this.close();
    this.desk.decide("changes_requested", null, note);
  }

  /** A key while the reasons are open; true if it meant one. @param {string} key */
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
    const items = [...this.menus.reject.querySelectorAll(".item")];
    const here = items.indexOf(this.desk.activeElement());
    items[(here + direction + items.length) % items.length].focus();
    return true;
  }

  /** @param {Set<string>} topics */
  update(topics) {
    if (!["clips", "selection", "draft", "saving"].some((t) => topics.has(t))) return;
    const { store } = this.desk;
    const clip = store.selected;
    if (topics.has("selection")) this.close();
    this.box.hidden = !clip;
    if (!clip) return;
    const status = store.statusOf(clip);
    this.box.dataset.status = status;
    for (const [verdict, button] of Object.entries(this.buttons)) button.setAttribute("aria-pressed", String(verdict === status));
    setText(this.desk.find(".verdict"), this.verdict(clip, status));
    this.desk.find(".undo").disabled = !store.undoable.done.length && status === "proposed";
    setText(this.desk.find(".saved"), store.isUnsaved(clip.id) ? "Not saved yet" : store.isSaving(clip.id) ? "Saving\u2026" : "");
    const link = this.desk.find(".render");
    link.hidden = clip.render?.state !== "succeeded" || !clip.render.url;
    if (!link.hidden) link.href = clip.render.download_url ?? clip.render.url;
  }

  verdict(clip, status) {
    if (status === "proposed") return "";
    const done = onRecord(clip, status);
    if (!done) return `${STATUS[status].sign} ${VERDICTS[status]}`;
    const reason = REASONS.find(([code]) => code === done.reason)?.[1];
    const who = [done.by && `by ${done.by}`, done.at && moment(done.at)].filter(Boolean).join(", ");
    const why = [reason, done.note && `\u201c${done.note}\u201d`].filter(Boolean).join(", ");
    return `${STATUS[status].sign} ${VERDICTS[status]} ${who}${why ? `: ${why}` : ""}`;
  }
}

// the decision on record, if it is the one shown: a decision on its way has no record yet
function onRecord(clip, status) {
  return clip.decision?.decision === status ? clip.decision : null;
}
