// Puts the desk together, and has the few actions that its parts share.

import { Alternatives } from "./clips/alternatives.js";
import { Decision } from "./clips/decision.js";
import { Details } from "./clips/details.js";
import { Filters } from "./clips/filters.js";
import { ClipList } from "./clips/list.js";
import { PickedClips } from "./clips/picked.js";
import { Shapes } from "./clips/shapes.js";
import { Summary } from "./clips/summary.js";
import { Audition } from "./player/audition.js";
import { ListenedRanges } from "./player/listened.js";
import { Overlay } from "./player/overlay.js";
import { Picture } from "./player/picture.js";
import { Player, playedRanges } from "./player/player.js";
import { Screen } from "./player/screen.js";
import { readColours } from "./rules/colours.js";
import { rangeAt } from "./rules/rules.js";
import { fillGuide, listenToKeys } from "./shell/keys.js";
import { Messages } from "./shell/messages.js";
import { Names } from "./shell/names.js";
import { Notes } from "./shell/notes.js";
import { makeApi } from "./state/api.js";
import { Store } from "./state/store.js";
import { StreamlitBridge } from "./state/streamlit_bridge.js";
import { Edges } from "./timeline/edges.js";
import { Marks } from "./timeline/marks.js";
import { Overview } from "./timeline/overview.js";
import { PeakCache } from "./timeline/peaks.js";
import { CanvasPointer, listenToWheel } from "./timeline/pointer.js";
import { TALL, Timeline } from "./timeline/timeline.js";
import { View } from "./timeline/view.js";
import { Corrections } from "./words/correct.js";
import { TranscriptPanel } from "./words/transcript.js";

class Desk {
  /** @param {HTMLElement} root @param {any} component */
  constructor(root, component) {
    this.root = root;
    this.component = component;
    /** @type {import("./state/streamlit_bridge.js").DeskData} */
    this.data = component.data;
    this.ended = new AbortController();
    this.gone = this.ended.signal;
    this.find = (selector) => root.querySelector(selector);
    this.isAudio = false;
    this.overviewWidth = 1;
    this.frameHandle = 0;
    /** @type {null | (() => boolean)} an action to run in each frame, while an edge follows the pointer */
    this.eachFrame = null;
    this.cued = null;
    this.playNext = false;
    this.lastAround = null;
    this.colours = readColours(root);
    this.ask = () => (this.frameHandle ||= requestAnimationFrame((now) => this.frame(now)));
    this.build();
    this.listen();
    this.store.polling.now();
  }

  build() {
    const api = makeApi(this.data.project_id, this.gone);
    this.store = new Store(api, this.data.project_id);
    this.player = new Player(this.find(".media"), this.ask);
    this.view = new View();
    this.peaks = new PeakCache(api, () => this.timeline.redraw());
    this.edges = new Edges(this);
    this.bridge = new StreamlitBridge(this);
    this.timeline = new Timeline(this);
    this.overview = new Overview(this);
    this.picture = new Picture(this);
    this.decision = new Decision(this);
    this.transcript = new TranscriptPanel(this);
    this.screen = new Screen(this);
    this.names = new Names(this);
    this.audition = new Audition(this);
    this.listened = new ListenedRanges(this);
    this.overlay = new Overlay(this);
    this.marks = new Marks(this);
    this.shapes = new Shapes(this);
    this.alternatives = new Alternatives(this);
    this.filters = new Filters(this);
    this.picked = new PickedClips(this);
    this.details = new Details(this);
    this.notes = new Notes(this);
    this.corrections = new Corrections(this);
    this.store.resume();
    /** @type {{update: (topics: Set<string>) => void}[]} */
    this.parts = [this.screen, this.overlay, this.filters, this.picked, new ClipList(this), new Summary(this), this.marks];
    this.parts.push(this.details, this.alternatives, this.decision, this.notes, this.transcript, this.corrections, new Messages(this));
    this.timeline.canvas.style.height = `${TALL}px`;
    fillGuide(this.find(".guide"));
  }

  listen() {
    const { store, player, gone } = this;
    // registered before the keys, which stop events that are theirs
    for (const name of ["keydown", "pointerdown", "wheel"]) {
      window.addEventListener(name, () => this.bridge.stir(), { capture: true, passive: true, signal: gone });
    }
    this.pointer = new CanvasPointer(this);
    listenToWheel(this);
    listenToKeys(this);
    store.topics.on((topics) => this.update(topics));
    store.topics.onStored = (kind, id) => {
      this.component.setTriggerValue("changed", { kind, clip_id: id });
      this.bridge.stir();
    };
    player.onChange = () => this.screen.state();
    player.onBlocked = () => store.notices.say({ text: "The browser wants a click before it plays sound.", tone: "info" });
    const click = (selector, run) => this.find(selector).addEventListener("click", run);
    click(".zoom-in", () => this.zoom(0.6));
    click(".zoom-out", () => this.zoom(1 / 0.6));
    click(".zoom-clip", () => this.fitClip());
    click(".zoom-whole", () => this.fitWhole());
    click(".keys-button", () => this.showKeys());
    click(".keys-close", () => this.find(".keys").close());
    const motion = matchMedia("(prefers-reduced-motion: reduce)");
    this.view.still = motion.matches;
    motion.addEventListener("change", () => (this.view.still = motion.matches), { signal: gone });
    this.sizes = new ResizeObserver(() => this.resized());
    this.sizes.observe(this.timeline.track);
    this.sizes.observe(this.find(".screen"));
    document.addEventListener("visibilitychange", () => !document.hidden && store.polling.now(), { signal: gone });
    window.addEventListener("online", () => store.polling.now(), { signal: gone });
    window.addEventListener("beforeunload", (event) => this.leaving(event), { signal: gone });
    window.addEventListener("pagehide", () => this.hide(), { signal: gone });
  }

  leaving(event) {
    this.store.pending.commitAll();
    if (this.isTyping || !this.store.outbox.isPersistent) event.preventDefault();
  }

  /** True if there is text that is stored nowhere yet. */
  get isTyping() {
    const areas = [...this.root.querySelectorAll("textarea")];
    return areas.some((area) => area.value.trim()) || this.notes.begun.size > 0 || this.corrections.isTyping || this.details.isTyping;
  }

  hide() {
    this.bridge.remember();
    this.store.pending.commitAll();
    this.store.outbox.leave();
  }

  resized() {
    this.view.width = this.timeline.track.clientWidth;
    this.overviewWidth = this.overview.strip.clientWidth;
    this.overlay.resized();
    this.timeline.redraw();
  }

  frame(now) {
    this.frameHandle = 0;
    let more = this.player.tick(now);
    if (this.eachFrame?.()) more = true;
    if (this.timeline.frame()) more = true;
    this.overview.frame();
    this.screen.frame();
    this.transcript.frame();
    this.picture.frame();
    this.overlay.frame();
    this.listened.frame();
    if (more && !this.gone.aborted) this.ask();
  }

  // --- when the store changed

  update(topics) {
    if (topics.has("project") || topics.has("map")) this.measure();
    if (topics.has("clips")) this.choose();
    for (const part of this.parts) part.update(topics);
    this.root.toggleAttribute("data-saving", !this.store.pending.isEmpty); // of any clip, not only the open one
    if (this.store.project.clips || this.store.project.trouble) this.bridge.ready();
    if (topics.has("clips") && !topics.has("selection")) this.bridge.stir();
    if (topics.has("selection") || topics.has("clips")) this.cue();
    if (["clips", "selection", "draft", "map", "transcript"].some((t) => topics.has(t))) {
      this.timeline.handles.describe();
      this.timeline.redraw();
      const { selected } = this.store;
      if (selected) this.player.replan(playedRanges(this.store, selected));
    }
  }

  measure() {
    const { store, view } = this;
    const { duration } = store.project;
    if (duration && duration !== view.duration) {
      const whole = view.duration === 1;
      view.duration = duration;
      if (whole) view.set(0, duration);
    }
    const revision = store.project.map?.revision;
    if (!revision || revision === this.peaksOf) return;
    this.peaksOf = revision;
    this.peaks.begin(duration).then((ok) => {
      if (!ok) this.peaksOf = null; // the next look asks again
    });
  }

  /** Open a clip where none is: the requested one, the one open before a reload, or the first undecided. */
  choose() {
    const { store } = this;
    if (store.selected || !store.project.clips?.length) return;
    const before = this.bridge.remembered();
    const { requested } = this.bridge;
    const same = before && before.asked === requested;
    const ids = same ? [before.clip, requested] : [requested, before?.clip];
    const id = ids.find((one) => store.project.clip(one));
    store.select(id ?? (this.filters.next ?? this.filters.listed[0] ?? store.project.clips[0]).id);
  }

  /** Show a newly opened clip on the timeline, and its first frame in the player. */
  cue() {
    const { store, player, view } = this;
    const clip = store.selected;
    if (!clip || clip.id === this.cued) return;
    this.cued = clip.id;
    this.lastAround = null;
    this.edges.active = "in";
    const ranges = playedRanges(store, clip);
    view.fit(store.span);
    player.pause();
    player.moveTo(ranges[0].start_s);
    if (this.playNext) player.along(ranges, "clip");
    this.playNext = false;
    this.bridge.remember();
    this.bridge.report(clip.id);
    this.timeline.redraw();
  }

  recolour() {
    this.colours = readColours(this.root);
    this.timeline.redraw();
  }

  // --- actions the parts share

  /** @param {string} id */
  open(id) {
    this.store.select(id);
    const isOpen = this.cued === id;
    if (isOpen && this.store.span) {
      this.view.fit(this.store.span);
      this.timeline.redraw();
    }
  }

  openBeside(direction) {
    const to = this.filters.beside(direction);
    if (to) this.open(to.id);
  }

  openUndecided() {
    this.decision.openNext();
  }

  /** Set the open clip to the marked range. */
  useMark() {
    const { mark } = this.marks;
    if (!mark || !this.store.selected) return;
    this.marks.clear();
    this.edges.set([{ start_s: mark.start_s, end_s: mark.end_s }]);
  }

  cutOrRemove() {
    const { mark } = this.marks;
    if (!mark) return this.shapes.remove();
    this.marks.clear();
    this.shapes.cutOut(mark);
  }

  unmark() {
    if (this.filters.close()) return;
    if (this.marks.mark) this.marks.clear();
    else this.picked.clear();
  }

  get ranges() {
    const clip = this.store.selected;
    return clip ? playedRanges(this.store, clip) : null;
  }

  togglePlay() {
    if (this.player.ready) this.player.toggle(this.ranges);
  }

  playClip() {
    if (this.ranges) this.player.along(this.ranges, "clip");
    else this.togglePlay();
  }

  /** Play around the active edge; a second time in a row, around the other one. @param {"in"|"out"|null} [side] @param {number} [at] */
  playAround(side = undefined, at = undefined) {
    if (!this.store.span || !this.player.ready) return;
    if (side === undefined) {
      side = this.lastAround === this.edges.active ? (this.edges.active === "in" ? "out" : "in") : this.edges.active;
    }
    if (side) this.edges.activate(side);
    this.lastAround = side;
    this.player.around(at ?? this.edges.at(side));
  }

  create(range) {
    this.store.pending.create([range]);
  }

  createHere() {
    const { store, player } = this;
    if (!store.project.duration || !store.project.info?.player) return;
    const { mark } = this.marks;
    this.marks.clear();
    if (mark) return this.create({ start_s: mark.start_s, end_s: mark.end_s });
    this.create(rangeAt(player.time, store.project.duration, store.project.silences));
  }

  /** Decide on the picked clips, else on the open one. */
  decide(decision, reason = null, note = null) {
    if (this.picked.clips.length || this.store.selected) this.names.then(() => this.decision.decide(decision, reason, note));
  }

  undo() {
    if (this.store.undo.decides()) this.names.then(() => this.takeBack());
    else this.takeBack();
  }

  takeBack() {
    const what = this.store.undo.takeBack();
    const text = what === null ? "There is nothing to undo." : `Taken back: ${what}.`;
    this.store.notices.say({ text, tone: "info", ...(what === null ? {} : { action: { label: "Redo", key: "Shift Z", run: () => this.redo() } }) });
  }

  redo() {
    if (this.store.undo.decides(true)) this.names.then(() => this.doAgain());
    else this.doAgain();
  }

  doAgain() {
    const what = this.store.undo.doAgain();
    this.store.notices.say({ text: what === null ? "There is nothing to do again." : `Done again: ${what}.`, tone: "info" });
  }

  /** Let the approval of an earlier version hold for the newest too. */
  carryOver() {
    const clip = this.store.selected;
    if (!clip) return;
    if (!clip.carry_from) return this.store.notices.say({ text: "No earlier approval to carry over.", tone: "info" });
    this.names.then(() => this.decision.carryOver(clip));
  }

  zoom(factor) {
    const { view, player, store } = this;
    const at = player.time;
    const centre = at >= view.from && at <= view.to ? at : (view.from + view.to) / 2;
    if (store.project.duration) view.zoom(factor, centre, true);
    this.timeline.redraw();
  }

  fitClip() {
    if (this.store.span) this.view.fit(this.store.span);
    this.timeline.redraw();
  }

  fitWhole() {
    this.view.whole();
    this.timeline.redraw();
  }

  showKeys() {
    this.find(".keys").showModal();
  }

  keysOpen() {
    return Boolean(this.root.querySelector("dialog[open]"));
  }

  activeElement() {
    return /** @type {Document|ShadowRoot} */ (this.root.getRootNode()).activeElement;
  }

  focusQuietly() {
    this.root.focus({ preventScroll: true });
  }

  end() {
    this.bridge.remember();
    this.listened.end();
    this.store.close();
    this.ended.abort();
    this.sizes.disconnect();
    clearTimeout(this.bridge.timer);
    clearTimeout(this.bridge.resting);
    clearTimeout(this.peaks.timer);
    cancelAnimationFrame(this.frameHandle);
    this.player.end();
  }
}

/** @type {WeakMap<object, Desk>} script runs call again; the desk stays */
const DESKS = new WeakMap();

/** @param {any} component what Streamlit hands over */
export default function mount(component) {
  const { parentElement } = component;
  const root = parentElement.querySelector(".desk");
  let desk = DESKS.get(parentElement);
  if (desk && (desk.root !== root || desk.data.project_id !== component.data.project_id)) {
    desk.end();
    desk = undefined;
  }
  if (desk) desk.bridge.rerun(component);
  else DESKS.set(parentElement, new Desk(root, component));
  return () => {
    DESKS.get(parentElement)?.end();
    DESKS.delete(parentElement);
  };
}
