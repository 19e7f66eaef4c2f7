// The list of clips: status sign, title, length. One listbox; the arrows move in it from anywhere on the desk.
//
// In the words of screen readers, the open clip is the current one and the picked clips are the selected ones.

import { setText } from "../dom.js";
import { STATUS, clock, length, percent } from "../rules/format.js";
import { lengthOf } from "../rules/rules.js";
import { isWorking } from "../rules/status.js";
import { openNotes } from "./filters.js";

const MAX_TITLE_CHARS = 160; // far more than a row shows

export class ClipList {
  /** @param {any} desk */
  constructor(desk) {
    this.desk = desk;
    this.list = desk.find(".list");
    this.empty = desk.find(".list-empty");
    this.clear = desk.find(".list-clear");
    /** @type {Map<string, {row: HTMLElement, drawnKey: string}>} */
    this.rows = new Map();
    this.selected = null;
    desk.find(".new-clip").addEventListener("click", () => desk.createHere());
    this.clear.addEventListener("click", () => {
      desk.filters.clear();
      desk.focusQuietly();
    });
    this.list.addEventListener("click", (event) => this.click(event));
  }

  click(event) {
    const at = /** @type {HTMLElement} */ (event.target);
    const id = at.closest?.("[data-clip-id]")?.getAttribute("data-clip-id");
    if (!id) return;
    if (event.shiftKey) this.desk.picked.upTo(id);
    else if (event.ctrlKey || event.metaKey || at.closest(".pick")) this.desk.picked.toggle(id);
    else this.desk.open(id);
  }

  /** @param {Set<string>} topics */
  update(topics) {
    const mine = ["clips", "selection", "draft", "saving", "project", "filter", "picked", "notes"];
    if (!mine.some((topic) => topics.has(topic))) return;
    const { store, filters } = this.desk;
    const clips = store.project.clips ?? [];
    const listed = filters.listed;
    this.place(listed.map((clip) => this.row(clip)));
    const here = new Set(clips.map((clip) => clip.id));
    for (const id of this.rows.keys()) if (!here.has(id)) this.rows.delete(id);
    this.number(clips);
    this.list.hidden = !listed.length;
    this.empty.hidden = listed.length > 0;
    this.clear.hidden = !clips.length || listed.length > 0;
    setText(this.desk.find(".list-count"), clips.length ? String(clips.length) : "");
    if (!listed.length) setText(this.empty, clips.length ? "No clip passes these filters." : this.emptyText());
    this.desk.find(".new-clip").disabled = !store.project.info?.player || !store.project.duration;
    this.follow();
  }

  // only rows out of place are moved, since a long list costs much to lay out
  place(order) {
    const meant = new Set(order);
    for (const row of [...this.list.children]) if (!meant.has(row)) row.remove();
    let now = this.list.firstElementChild;
    for (const row of order) {
      if (row === now) now = now.nextElementSibling;
      else this.list.insertBefore(row, now);
    }
  }

  emptyText() {
    const { clips, info: project, trouble } = this.desk.store.project;
    if (trouble) return "Clips appear here.";
    if (!clips) return "Looking for clips\u2026";
    const working = project && isWorking(project);
    const now = project?.player ? " Until then, Shift+drag on the waveform, or New clip, makes one." : "";
    if (working) return `Clips are proposed when the words are known.${now}`;
    return "No clips proposed. Drag on the waveform (Shift+drag) to make one, or press New clip.";
  }

  /** @param {import("../state/api.js").Clip} clip */
  row(clip) {
    const { store, picked } = this.desk;
    const entry = this.rows.get(clip.id) ?? this.newRow(clip.id);
    const { row } = entry;
    const status = store.pending.statusOf(clip);
    const ranges = store.pending.rangesOf(clip);
    const facts = this.facts(clip, ranges);
    const isPicked = picked.ids.has(clip.id);
    const isOpen = clip.id === store.selectedId;
    const title = (clip.title || "Untitled clip").slice(0, MAX_TITLE_CHARS);
    const long = length(lengthOf(ranges));
    const key = JSON.stringify([title, status, long, facts, isPicked, isOpen]);
    if (key === entry.drawnKey) return row;
    entry.drawnKey = key;
    row.dataset.status = status;
    row.setAttribute("aria-selected", String(isPicked));
    if (isOpen) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
    setText(row.querySelector(".state"), STATUS[status].word);
    setText(row.querySelector(".sign"), STATUS[status].sign);
    setText(row.querySelector(".name"), title);
    setText(row.querySelector(".more"), facts.join(" \u00b7 "));
    setText(row.querySelector(".lasts"), long);
    return row;
  }

  // numbers count all clips, so that a clip keeps its number under a filter
  number(clips) {
    clips.forEach((clip, i) => {
      const row = this.rows.get(clip.id)?.row;
      if (row) setText(row.querySelector(".number"), String(i + 1));
    });
  }

  /** Facts about a clip besides its title, the shortest first. @returns {string[]} */
  facts(clip, ranges) {
    const { store } = this.desk;
    const out = [clock(ranges[0].start_s, 0)];
    if (store.pending.isUnsaved(clip.id)) out.push("not saved yet");
    if (clip.render?.state === "running") out.push(`rendering ${percent(clip.render.progress)}`.trim());
    if (clip.render?.state === "failed") out.push("rendering failed");
    if (clip.words_changed) out.push("words changed");
    const notes = openNotes(clip);
    if (notes) out.push(notes === 1 ? "1 note" : `${notes} notes`);
    if (clip.origin === "manual") out.push("made by hand");
    return out;
  }

  newRow(id) {
    const row = document.createElement("div");
    row.id = `clip-${id}`;
    row.setAttribute("role", "option");
    row.dataset.testid = "desk-clip";
    row.dataset.clipId = id;
    for (const part of ["sign", "number", "name", "more", "lasts", "state unseen", "pick"]) {
      row.append(Object.assign(document.createElement("span"), { className: part }));
    }
    for (const part of row.querySelectorAll(".sign, .pick")) part.setAttribute("aria-hidden", "true");
    row.querySelector(".name").setAttribute("dir", "auto");
    row.querySelector(".pick").setAttribute("title", "Pick (V), to decide on several at once");
    const entry = { row, drawnKey: "" };
    this.rows.set(id, entry);
    return entry;
  }

  // keep the open clip in sight without moving the page
  follow() {
    const { selectedId } = this.desk.store;
    const row = this.rows.get(selectedId)?.row;
    const here = row?.isConnected ? row : null;
    if (selectedId === this.selected && Boolean(here) === this.list.hasAttribute("aria-activedescendant")) return;
    this.selected = selectedId;
    if (!here) return this.list.removeAttribute("aria-activedescendant");
    this.list.setAttribute("aria-activedescendant", here.id);
    const top = here.offsetTop;
    const { scrollTop, clientHeight } = this.list;
    if (top < scrollTop) this.list.scrollTop = top - 8;
    else if (top + here.offsetHeight > scrollTop + clientHeight) this.list.scrollTop = top + here.offsetHeight - clientHeight + 8;
  }
}
