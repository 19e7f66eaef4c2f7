// The open clip in words: title, the certificate of every cut, why it was proposed, other edges.

import { GRADE, clock, decibels, evidence, length } from "./format.js";
import { lengthOf, sameRanges, silenceAt } from "./rules.js";
import { setText } from "./stage.js";

/** @param {string} tag @param {string} className @param {string} [text] */
export function make(tag, className, text = "") {
  return Object.assign(document.createElement(tag), { className, textContent: text });
}

export class Details {
  /** @param {any} desk */
  constructor(desk) {
    this.desk = desk;
    this.box = desk.find(".details");
    this.title = desk.find(".clip-title");
    this.facts = desk.find(".clip-facts");
    this.certs = desk.find(".certs");
    this.why = desk.find(".why");
    this.others = desk.find(".others");
    this.shown = "";
    this.title.addEventListener("keydown", (event) => this.titleKey(event));
    this.title.addEventListener("change", () => this.rename());
  }

  beginRename() {
    if (!this.desk.store.selected) return;
    this.title.focus();
    this.title.select();
  }

  titleKey(event) {
    if (event.key === "Escape") this.title.value = this.desk.store.selected?.title ?? "";
    if (event.key === "Escape" || event.key === "Enter") this.desk.focusQuietly();
  }

  rename() {
    const clip = this.desk.store.selected;
    const title = this.title.value.trim();
    if (!clip || title === clip.title) return;
    if (title) this.desk.store.rename(clip, title);
    else this.title.value = clip.title;
  }

  /** @param {Set<string>} topics */
  update(topics) {
    if (!["clips", "selection", "draft", "map", "saving"].some((t) => topics.has(t))) return;
    const clip = this.desk.store.selected;
    this.box.hidden = !clip;
    if (!clip) return;
    const ranges = this.desk.store.rangesOf(clip);
    const key = JSON.stringify([clip.id, clip.etag, ranges, this.desk.edges.active, this.desk.store.isSaving(clip.id), this.desk.store.map?.revision]);
    if (key === this.shown) return;
    this.shown = key;
    if (this.desk.activeElement() !== this.title) this.title.value = clip.title;
    setText(this.facts, this.factsText(clip, ranges));
    this.certs.replaceChildren(...this.cutsOf(clip, ranges).map((cut) => this.cert(cut)));
    this.why.hidden = !clip.reasons.length;
    setText(this.why.querySelector("span"), clip.reasons.join(", "));
    this.alternatives(clip, ranges);
  }

  factsText(clip, ranges) {
    const span = `${clock(ranges[0].start_s, 2)} \u2013 ${clock(ranges[ranges.length - 1].end_s, 2)}`;
    const parts = ranges.length > 1 ? `, ${ranges.length} parts` : "";
    return `${span}, ${length(lengthOf(ranges))}${parts}`;
  }

  /** The stored certificates; for an edge that just moved, what the silence map says until the server has looked. */
  cutsOf(clip, ranges) {
    const starts = ranges.map((r) => ({ side: "in", at: r.start_s }));
    const ends = ranges.map((r) => ({ side: "out", at: r.end_s }));
    const all = starts.flatMap((start, i) => [start, ends[i]]);
    return all.map(({ side, at }, i) => {
      const outer = i === 0 || i === all.length - 1;
      const stored = clip.cuts.find((c) => c.side === side && Math.abs(c.at_s - at) < 0.0015);
      return { side, at, outer, stored, silence: silenceAt(this.desk.store.silences, at) };
    });
  }

  cert({ side, at, outer, stored, silence }) {
    const row = make("li", outer && this.desk.edges.active === side ? "cert active" : "cert");
    row.dataset.grade = stored?.grade ?? "checking";
    row.dataset.testid = `desk-cut-${side}`;
    row.append(make("b", "side", outer ? (side === "in" ? "In" : "Out") : side === "in" ? "\u21a6" : "\u21a4"));
    const grade = make("span", "grade", stored ? `${GRADE[stored.grade]} ${stored.grade}` : "\u2026 checking");
    row.append(grade, make("span", "evidence", stored ? evidence(stored) : seen(silence)));
    row.append(this.tools(side, at, outer));
    return row;
  }

  tools(side, at, outer) {
    const box = make("span", "cert-tools");
    const name = side === "in" ? "In" : "Out";
    if (outer) {
      box.append(this.tool("\u2039", `${name} to the silence before`, () => this.desk.edges.step(-1, side)));
      box.append(this.tool("\u203a", `${name} to the silence after`, () => this.desk.edges.step(1, side)));
    }
    box.append(this.tool("listen", `Listen around this cut`, () => this.desk.playAround(outer ? side : null, at)));
    return box;
  }

  tool(text, label, run) {
    const button = make("button", "tool", text);
    button.type = "button";
    button.title = label;
    button.setAttribute("aria-label", label);
    button.addEventListener("click", run);
    return button;
  }

  alternatives(clip, ranges) {
    const { store, timeline } = this.desk;
    const buttons = clip.alternatives.map((other) => {
      const button = this.tool(`${clock(other.start_s)} \u2013 ${clock(other.end_s)}, ${length(other.end_s - other.start_s)}`, "Use these edges", () => {
        this.ghost(null);
        const now = store.selected;
        if (now) this.desk.edges.set([{ start_s: other.start_s, end_s: other.end_s }]);
      });
      button.setAttribute("aria-pressed", String(sameRanges(ranges, [other])));
      button.addEventListener("pointerenter", () => this.ghost(other));
      button.addEventListener("pointerleave", () => this.ghost(null));
      return button;
    });
    this.others.hidden = !buttons.length;
    this.others.querySelector("span").replaceChildren(...buttons);
    if (!buttons.length) timeline.ghost = null;
  }

  ghost(range) {
    this.desk.timeline.ghost = range;
    this.desk.timeline.redraw();
  }
}

function seen(silence) {
  if (!silence) return "no silence here";
  const level = silence.level_db === null ? "" : ` at ${decibels(silence.level_db)}`;
  return `silence ${(silence.end_s - silence.start_s).toFixed(2)} s${level}`;
}
