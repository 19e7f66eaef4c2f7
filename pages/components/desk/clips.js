// The list of clips: status sign, title, length. One listbox; the arrows move in it from anywhere on the desk.

import { isWorking } from "./known.js";
import { STATUS, clock, length, percent } from "./format.js";
import { lengthOf } from "./rules.js";
import { setText } from "./stage.js";

export class ClipList {
  /** @param {any} desk */
  constructor(desk) {
    this.desk = desk;
    this.list = desk.find(".list");
    this.empty = desk.find(".list-empty");
    /** @type {Map<string, HTMLElement>} */
    this.rows = new Map();
    this.selected = null;
    desk.find(".new-clip").addEventListener("click", () => desk.createHere());
    this.list.addEventListener("click", (event) => {
      const row = /** @type {HTMLElement} */ (event.target).closest?.("[data-clip-id]");
      if (row) desk.open(row.dataset.clipId);
    });
  }

  /** @param {Set<string>} topics */
  update(topics) {
    if (!["clips", "selection", "draft", "saving", "project"].some((t) => topics.has(t))) return;
    const { store } = this.desk;
    const clips = store.clips ?? [];
    const order = clips.map((clip, i) => this.row(clip, i));
    const now = [...this.list.children];
    if (order.length !== now.length || order.some((row, i) => row !== now[i])) this.list.replaceChildren(...order);
    for (const id of this.rows.keys()) if (!store.clip(id)) this.rows.delete(id);
    this.empty.hidden = clips.length > 0;
    this.list.hidden = !clips.length;
    setText(this.desk.find(".list-count"), clips.length ? String(clips.length) : "");
    if (!clips.length) setText(this.empty, this.emptyText());
    this.desk.find(".new-clip").disabled = !store.project?.player || !store.duration;
    this.follow();
  }

  emptyText() {
    const { clips, project, trouble } = this.desk.store;
    if (trouble) return "Clips appear here.";
    if (!clips) return "Looking for clips\u2026";
    const working = project && isWorking(project);
    const now = project?.player ? " Until then, Shift+drag on the waveform, or New clip, makes one." : "";
    if (working) return `Clips are proposed when the words are known.${now}`;
    return "No clips proposed. Drag on the waveform (Shift+drag) to make one, or press New clip.";
  }

  /** @param {import("./api.js").Clip} clip @param {number} index */
  row(clip, index) {
    const { store } = this.desk;
    const row = this.rows.get(clip.id) ?? this.newRow(clip.id);
    const status = store.statusOf(clip);
    const ranges = store.rangesOf(clip);
    const long = length(lengthOf(ranges));
    row.dataset.status = status;
    row.setAttribute("aria-selected", String(clip.id === store.selectedId));
    row.setAttribute("aria-label", `${index + 1}, ${clip.title}, ${long}, ${STATUS[status].word}`);
    const [sign, number, name, more, lasts] = row.children;
    setText(sign, STATUS[status].sign);
    setText(number, String(index + 1));
    setText(name, clip.title || "Untitled clip");
    setText(more, this.note(clip, ranges));
    setText(lasts, long);
    return row;
  }

  note(clip, ranges) {
    const { store } = this.desk;
    if (store.isUnsaved(clip.id)) return "not saved yet";
    if (clip.render?.state === "running") return `rendering ${percent(clip.render.progress)}`;
    if (clip.render?.state === "failed") return "rendering failed";
    const from = clock(ranges[0].start_s, 0);
    return clip.origin === "manual" ? `${from}, made by hand` : from;
  }

  newRow(id) {
    const row = document.createElement("div");
    row.id = `clip-${this.rows.size}-${id}`;
    row.setAttribute("role", "option");
    row.dataset.testid = "desk-clip";
    row.dataset.clipId = id;
    for (const part of ["sign", "number", "name", "more", "lasts"]) {
      row.append(Object.assign(document.createElement("span"), { className: part }));
    }
    this.rows.set(id, row);
    return row;
  }

  // keep the open clip in sight without moving the page
  follow() {
    const { selectedId } = this.desk.store;
    if (selectedId === this.selected && this.list.hasAttribute("aria-activedescendant")) return;
    this.selected = selectedId;
    const row = this.rows.get(selectedId);
    if (!row) return this.list.removeAttribute("aria-activedescendant");
    this.list.setAttribute("aria-activedescendant", row.id);
    const top = row.offsetTop;
    const { scrollTop, clientHeight } = this.list;
    if (top < scrollTop) this.list.scrollTop = top - 8;
    else if (top + row.offsetHeight > scrollTop + clientHeight) this.list.scrollTop = top + row.offsetHeight - clientHeight + 8;
  }
}
