// The open clip in words: title, the certificate of every cut, why it was proposed, other edges.

import { make, makeButton, setText } from "../dom.js";
import { GRADE, clock, evidence, length } from "../rules/format.js";
import { lengthOf, sameRanges } from "../rules/rules.js";

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
    this.drawnKey = "";
    /** @type {HTMLElement[]} one for each cut; it stays while the cut changes, so that no button loses the focus */
    this.rows = [];
    /** @type {string|null} the clip whose title is being typed; another one may be opened meanwhile */
    this.naming = null;
    this.title.addEventListener("focus", () => (this.naming = this.desk.store.selectedId));
    this.title.addEventListener("keydown", (event) => this.titleKey(event));
    this.title.addEventListener("change", () => this.rename());
    this.title.addEventListener("blur", () => this.desk.store.topics.tell("draft")); // it shows the open clip's title again
  }

  beginRename() {
    if (!this.desk.store.selected) return;
    this.title.focus();
    this.title.select();
  }

  titleKey(event) {
    if (event.isComposing) return;
    if (event.key === "Escape") this.title.value = this.desk.store.project.clip(this.naming)?.title ?? "";
    if (event.key === "Escape" || event.key === "Enter") this.desk.focusQuietly();
  }

  rename() {
    const { store, names } = this.desk;
    const clip = store.project.clip(this.naming);
    const title = this.title.value.trim();
    if (!clip || title === clip.title) return;
    if (title) names.then(() => store.pending.rename(store.project.clip(clip.id) ?? clip, title));
    else this.title.value = clip.title;
  }

  get isTyping() {
    const clip = this.desk.store.project.clip(this.naming);
    return this.desk.activeElement() === this.title && Boolean(clip) && this.title.value.trim() !== clip.title;
  }

  /** @param {Set<string>} topics */
  update(topics) {
    if (!["clips", "selection", "draft", "map", "transcript", "cuts"].some((t) => topics.has(t))) return;
    const { store, edges } = this.desk;
    const clip = store.selected;
    this.box.hidden = !clip;
    if (!clip) return;
    const ranges = store.pending.rangesOf(clip);
    const cuts = edges.all.map((edge) => ({ edge, cut: edges.certificate(edge.side, edge.at) }));
    if (this.desk.activeElement() !== this.title && this.title.value !== clip.title) this.title.value = clip.title;
    const key = JSON.stringify([clip.id, clip.etag, clip.title, ranges, edges.active, edges.innerPart, cuts]);
    if (key === this.drawnKey) return;
    this.drawnKey = key;
    setText(this.facts, this.factsText(clip, ranges));
    this.showCuts(cuts);
    this.why.hidden = !clip.reasons.length;
    setText(this.why.querySelector("span"), clip.reasons.join(", "));
    this.alternatives(clip, ranges);
  }

  factsText(clip, ranges) {
    const span = `${clock(ranges[0].start_s, 2)} \u2013 ${clock(ranges[ranges.length - 1].end_s, 2)}`;
    const parts = ranges.length > 1 ? `, ${ranges.length} parts` : "";
    return `${span}, ${length(lengthOf(ranges))}${parts}`;
  }

  /** @param {{edge: import("../timeline/edges.js").Edge, cut: import("../state/api.js").Cut}[]} cuts */
  showCuts(cuts) {
    while (this.rows.length < cuts.length) this.rows.push(this.newRow(this.rows.length));
    for (const spare of this.rows.splice(cuts.length)) spare.remove();
    cuts.forEach(({ edge, cut }, i) => this.showCut(this.rows[i], edge, cut));
    if (this.rows.some((row) => !row.isConnected)) this.certs.append(...this.rows);
  }

  newRow(number) {
    const row = make("li", "cert");
    const edge = () => this.desk.edges.all[number];
    const take = () => edge() && this.desk.edges.take(edge().side, edge().part);
    const step = (direction) => () => {
      take();
      this.desk.edges.step(direction);
    };
    const side = this.tool("", "", take);
    side.classList.add("side");
    const tools = make("span", "cert-tools");
    const back = this.tool("Put back", "Put back what is cut out here", () => this.desk.shapes.putBack(edge().part));
    back.classList.add("put-back");
    tools.append(back, this.tool("\u2039", "", step(-1)), this.tool("\u203a", "", step(1)));
    const around = () => edge() && this.desk.playAround(edge().outer ? edge().side : null, edge().at);
    tools.append(this.tool("listen", "Listen around this cut", around));
    row.append(side, make("span", "grade"), make("span", "evidence"), tools);
    return row;
  }

  /** @param {HTMLElement} row @param {import("../timeline/edges.js").Edge} edge @param {import("../state/api.js").Cut} cut */
  showCut(row, edge, cut) {
    const active = this.desk.edges.isActive(edge.side, edge.part);
    const name = edge.side === "in" ? "In" : "Out";
    row.classList.toggle("active", active);
    row.classList.toggle("inner", !edge.outer);
    row.dataset.grade = cut.grade;
    row.dataset.testid = edge.outer ? `desk-cut-${edge.side}` : `desk-cut-${edge.side}-${edge.part + 1}`;
    const [side, grade, why, tools] = /** @type {HTMLElement[]} */ ([...row.children]);
    const [back, earlier, later] = /** @type {HTMLElement[]} */ ([...tools.children]);
    const label = edge.outer ? name : edge.side === "in" ? `Part ${edge.part + 1} starts` : `Part ${edge.part + 1} ends`;
    setText(side, edge.outer ? name : edge.side === "in" ? "\u21a6" : "\u21a4");
    say(side, `${label}: make this the active edge`);
    side.setAttribute("aria-pressed", String(active));
    setText(grade, `${GRADE[cut.grade]} ${cut.grade}`);
    setText(why, edge.outer ? evidence(cut) : `${clock(edge.at)}, ${evidence(cut)}`);
    say(earlier, `${label}: to the silence before`);
    say(later, `${label}: to the silence after`);
    back.hidden = edge.outer || edge.side === "in";
    if (active && this.desk.alternatives.box.parentNode !== row) row.append(this.desk.alternatives.box);
  }

  tool(text, label, run) {
    const button = makeButton("tool", text, run);
    button.title = label;
    if (/[\p{L}\p{N}]/u.test(text)) button.setAttribute("aria-label", `${text}: ${label}`);
    else button.setAttribute("aria-label", label);
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

/** @param {HTMLElement} button @param {string} label */
function say(button, label) {
  if (button.title === label) return;
  button.title = label;
  button.setAttribute("aria-label", label);
}
