// The mark: a range selected on the transcript or the timeline, and what can be done with it.

import { keyButton, make, setText } from "../dom.js";
import { clock, length } from "../rules/format.js";
import { legalCut, lengthOf, placeAfter, placeBefore, silenceAt, without } from "../rules/rules.js";

/** @typedef {{start_s: number, end_s: number, words: [number, number]|null}} Mark */

export class Marks {
  /** @param {any} desk */
  constructor(desk) {
    this.desk = desk;
    /** @type {Mark|null} */
    this.mark = null;
    this.box = desk.find(".marked");
    this.text = make("span", "marked-text");
    this.text.setAttribute("role", "status");
    this.use = keyButton(desk, "Set the clip to this", "Enter", () => desk.useMark());
    this.create = keyButton(desk, "New clip", "N", () => desk.createHere());
    this.cut = keyButton(desk, "Cut out", "Del", () => desk.cutOrRemove());
    this.correct = keyButton(desk, "Correct", "C", () => desk.corrections.begin());
    const play = keyButton(desk, "Play", "", () => this.play());
    const unmark = keyButton(desk, "Unmark", "Esc", () => this.clear());
    this.box.append(this.text, this.use, this.create, this.cut, play, this.correct, unmark);
    document.addEventListener("copy", (event) => this.copy(event), { signal: desk.gone });
  }

  /** @param {Mark|null} mark */
  set(mark) {
    this.mark = mark;
    this.desk.timeline.redraw();
    this.desk.store.topics.tell("mark");
  }

  /** The hand has let go; a mark too short to be meant is dropped. @param {number} minimum seconds */
  finish(minimum) {
    if (this.mark && this.mark.end_s - this.mark.start_s < minimum) this.set(null);
  }

  /** Mark from one word to another, at good places around them. @param {number} a @param {number} b numbers of words */
  setWords(a, b) {
    const { transcript, silences, duration } = this.desk.store.project;
    const [first, last] = [Math.min(a, b), Math.max(a, b)];
    const start_s = placeBefore(transcript.words, first, silences);
    const end_s = Math.min(duration, placeAfter(transcript.words, last, silences));
    this.set({ start_s, end_s, words: [first, last] });
  }

  clear() {
    if (this.mark) this.set(null);
  }

  play() {
    const { mark } = this;
    if (mark) this.desk.player.along([{ start_s: mark.start_s, end_s: mark.end_s }], "mark");
  }

  /**
   * The range that is cut out of the clip for a mark: its words go with the pause between them and the next, so that what
   * stays has its own lead and tail. @param {Mark} mark @returns {import("../rules/rules.js").Range}
   */
  cutting(mark) {
    const { silences, transcript } = this.desk.store.project;
    const words = transcript?.words ?? [];
    if (mark.words) {
      const start_s = placeAfter(words, mark.words[0] - 1, silences) ?? mark.start_s;
      const end_s = placeBefore(words, mark.words[1] + 1, silences) ?? mark.end_s;
      return { start_s, end_s };
    }
    const [before, after] = [silenceAt(silences, mark.start_s), silenceAt(silences, mark.end_s)];
    if (!before || !after || before === after) return mark;
    return { start_s: legalCut("out", before), end_s: legalCut("in", after) };
  }

  /** True if the mark can be taken out of the open clip and something stays. */
  get canCut() {
    const { store, ranges } = this.desk;
    const { mark } = this;
    if (!mark || !ranges || mark.start_s < store.span.start_s - 0.3 || mark.end_s > store.span.end_s + 0.3) return false;
    const rest = without(ranges, this.cutting(mark));
    return rest.length > 0 && lengthOf(rest) < lengthOf(ranges) - 0.001;
  }

  copy(event) {
    const words = this.mark?.words;
    const { transcript } = this.desk.store.project;
    const [target] = event.composedPath();
    if (!words || !transcript || target?.matches?.("input, textarea") || String(document.getSelection())) return;
    const text = transcript.words.slice(words[0], words[1] + 1).map((w) => w.text);
    event.clipboardData.setData("text/plain", text.join(" "));
    event.preventDefault();
  }

  /** @param {Set<string>} topics */
  update(topics) {
    if (topics.has("transcript") && this.mark?.words && !this.desk.store.project.transcript?.words[this.mark.words[1]]) this.clear();
    if (!["mark", "selection", "clips", "draft"].some((t) => topics.has(t))) return;
    const { mark } = this;
    this.box.hidden = !mark;
    if (!mark) return;
    const words = mark.words ? `, ${mark.words[1] - mark.words[0] + 1} ${mark.words[1] === mark.words[0] ? "word" : "words"}` : "";
    setText(this.text, `Marked ${clock(mark.start_s)} \u2013 ${clock(mark.end_s)}, ${length(mark.end_s - mark.start_s)}${words}`);
    this.use.hidden = !this.desk.store.selected;
    this.cut.hidden = !this.canCut;
    this.correct.hidden = !mark.words;
  }
}
