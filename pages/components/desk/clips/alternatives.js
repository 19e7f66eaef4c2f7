// Other good places for the active edge, ranked by the server, one key each.

import { make, makeButton, setText } from "../dom.js";
import { GRADE, clock, evidence } from "../rules/format.js";
import { boundsOf, toMs, withEdge } from "../rules/rules.js";

/** @typedef {import("../state/api.js").Cut} Cut */

const REST_MS = 150; // nothing is asked while an edge moves
const MAX_PLACES = 4;
const MAX_ANSWERS = 60;

export class Alternatives {
  /** @param {any} desk */
  constructor(desk) {
    this.desk = desk;
    this.box = make("div", "places");
    this.box.setAttribute("role", "group");
    this.box.dataset.testid = "desk-places";
    this.buttons = Array.from({ length: MAX_PLACES }, (_, i) => this.button(i));
    this.box.append(...this.buttons);
    /** @type {Map<string, {cut: Cut, others: Cut[]}>} */
    this.answers = new Map();
    /** @type {Map<string, Cut>} the server's certificates of places */
    this.cuts = new Map();
    this.timer = 0;
    this.askedKey = "";
    this.edge = "";
    this.drawnKey = "";
  }

  button(i) {
    const button = makeButton("tool", "", () => {
      this.use(i + 1);
      this.desk.focusQuietly();
    });
    button.append(make("kbd", "", String(i + 1)), make("span", "grade"), make("span", "at"), make("span", "short"));
    const show = () => this.ghost(this.places[i]?.at_s ?? null);
    for (const on of ["pointerenter", "focus"]) button.addEventListener(on, show);
    for (const off of ["pointerleave", "blur"]) button.addEventListener(off, () => this.ghost(null));
    return button;
  }

  ghost(at) {
    if (this.desk.timeline.ghostAt === at) return;
    this.desk.timeline.ghostAt = at;
    this.desk.timeline.redraw();
  }

  /** The question for the active edge as it is: its side, its place, and the other end of its part. */
  question(side = this.desk.edges.active) {
    const { edges, ranges, store } = this.desk;
    if (!ranges || !store.project.map) return null;
    const part = ranges[edges.partOf(side)];
    const at = toMs(edges.at(side));
    const other = side === "in" ? part.end_s : part.start_s;
    return { side, at, other, key: [side, at, other, store.project.map.revision, store.project.transcript?.revision].join(" ") };
  }

  /** The server's certificate of a place, if it was asked for. @param {"in"|"out"} side @param {number} at @returns {Cut|null} */
  certificate(side, at) {
    return this.cuts.get(`${side} ${toMs(at)}`) ?? null;
  }

  /** The places the active edge may go to now, best first. @returns {Cut[]} */
  get places() {
    const question = this.question();
    const answer = question && this.answers.get(question.key);
    if (!answer) return [];
    const { edges, ranges, store } = this.desk;
    const { low, high } = boundsOf(ranges, question.side, store.project.duration, edges.partOf(question.side));
    return answer.others.filter((c) => c.at_s >= low && c.at_s <= high && Math.abs(c.at_s - question.at) > 0.0015).slice(0, MAX_PLACES);
  }

  /** @param {number} number from 1 */
  use(number) {
    const { edges, store, ranges, player } = this.desk;
    const place = this.places[number - 1];
    if (!ranges) return;
    if (!place) {
      const text = this.places.length ? `There are ${this.places.length} other places for this edge.` : "No other place for this edge is known.";
      return store.notices.say({ text, tone: "info" });
    }
    const side = edges.active;
    this.ghost(null);
    store.pending.commit(store.selectedId); // a draft is a step of its own, so that undo takes back this one alone
    edges.set(withEdge(ranges, side, place.at_s, store.project.duration, edges.partOf(side)));
    if (!player.playing) edges.show(side);
  }

  /** @param {Set<string>} topics */
  update(topics) {
    if (topics.has("map") || topics.has("transcript")) this.cuts.clear();
    if (!["clips", "selection", "draft", "map", "transcript", "cuts"].some((t) => topics.has(t))) return;
    this.want();
    this.show();
  }

  /** Ask about the active edge: at once when another one becomes active, else when it rests. */
  want() {
    const question = this.question();
    if (!question || question.key === this.askedKey) return;
    clearTimeout(this.timer);
    this.askedKey = question.key;
    const edge = `${this.desk.store.selectedId} ${question.side} ${this.desk.edges.partOf(question.side)}`;
    const wait = edge === this.edge ? REST_MS : 0;
    this.edge = edge;
    if (!this.answers.has(question.key)) this.timer = setTimeout(() => this.rested(question), wait);
  }

  async rested(question) {
    if (this.desk.timeline.dragging) {
      this.askedKey = ""; // it is still in the hand, so it is asked about again
      return;
    }
    await this.ask(question);
    const beside = this.question(this.desk.edges.active === "in" ? "out" : "in");
    if (beside && question.key === this.askedKey && !this.answers.has(beside.key)) await this.ask(beside); // Tab will need it next
  }

  async ask({ side, at, other, key }) {
    const { api } = this.desk.store;
    const answer = await api.cuts(side, at, other).catch(() => null); // the desk's own certificate is shown meanwhile
    if (!answer?.cut || this.desk.gone.aborted) return;
    this.answers.set(key, { cut: answer.cut, others: answer.others ?? [] });
    if (this.answers.size > MAX_ANSWERS) this.answers.delete(this.answers.keys().next().value);
    for (const cut of [answer.cut, ...(answer.others ?? [])]) this.cuts.set(`${side} ${toMs(cut.at_s)}`, cut);
    this.desk.store.topics.tell("cuts");
  }

  show() {
    const { places } = this;
    const question = this.question();
    const answered = Boolean(question && this.answers.has(question.key));
    const key = JSON.stringify([places, answered]);
    if (key === this.drawnKey) return;
    this.drawnKey = key;
    if (answered || this.desk.timeline.dragging) this.box.hidden = !places.length; // else as it was, so that nothing jumps
    if (this.desk.timeline.ghostAt !== null) this.ghost(null);
    const name = this.desk.edges.active === "in" ? "Start" : "End";
    this.box.setAttribute("aria-label", `Other places for the ${name.toLowerCase()}`);
    this.buttons.forEach((button, i) => {
      const cut = places[i];
      button.hidden = !cut;
      if (!cut) return;
      const [, grade, at, short] = button.children;
      button.dataset.grade = cut.grade;
      setText(grade, GRADE[cut.grade]);
      setText(at, clock(cut.at_s));
      setText(short, shortly(cut));
      button.title = `${cut.grade}: ${evidence(cut)}`;
      button.setAttribute("aria-description", `${name} at ${clock(cut.at_s)}, ${cut.grade}, ${evidence(cut)}`);
    });
  }
}

/** @param {Cut} cut */
function shortly(cut) {
  if (cut.silence_start_s === null || cut.silence_end_s === null) return "no silence";
  const whole = cut.sentence_boundary === true ? ", sentence" : "";
  return `silence ${(cut.silence_end_s - cut.silence_start_s).toFixed(1)} s${whole}`;
}
