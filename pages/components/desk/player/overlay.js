// The layers over the picture, as they will be rendered: each draws into the frame of the picture, by the time in the
// clip. A layer for a crop would come before the captions.

import { setText } from "../dom.js";
import { countWhile, sameRanges } from "../rules/rules.js";
import { playedRanges } from "./player.js";

/** @typedef {import("../rules/rules.js").Range} Range */
/** @typedef {{left: number, top: number, width: number, height: number}} Box the picture, in CSS pixels of the screen */
/** @typedef {{start_s: number, end_s: number, text: string}} Caption on the clip's own clock */

const CAPTIONS_PLACE = "clipper.desk.captions";

/**
 * A moment of the recording on a clip's own clock; null where the clip leaves it out.
 * @param {Range[]} ranges @param {number} at
 */
export function clipTime(ranges, at) {
  let before = 0;
  for (const { start_s, end_s } of ranges) {
    if (at < start_s) return null;
    if (at < end_s) return before + at - start_s;
    before += end_s - start_s;
  }
  return null;
}

/** The place of a picture inside a screen that it does not fill. @param {number} wide @param {number} tall of the picture @returns {Box} */
export function letterboxed(width, height, wide, tall) {
  const scale = Math.min(width / wide, height / tall);
  const [w, h] = [wide * scale, tall * scale];
  return { left: (width - w) / 2, top: (height - h) / 2, width: w, height: h };
}

export class Overlay {
  /** @param {any} desk */
  constructor(desk) {
    this.desk = desk;
    this.root = desk.find(".overlay");
    this.screen = desk.find(".screen");
    this.video = desk.find(".media");
    /** @type {Box} */
    this.box = { left: 0, top: 0, width: 0, height: 0 };
    this.captions = new CaptionLayer(desk, this.root);
    /** @type {{draw: (box: Box, moment: {at: number, clip: number|null}) => void}[]} */
    this.layers = [this.captions];
    this.video.addEventListener("resize", () => this.resized());
  }

  /** Place the layers once for each size of the screen or the picture, never while playing. */
  resized() {
    const { clientWidth, clientHeight } = this.screen;
    const { videoWidth, videoHeight } = this.video;
    const pictured = !this.desk.isAudio && videoWidth > 0;
    this.box = letterboxed(clientWidth, clientHeight, pictured ? videoWidth : clientWidth, pictured ? videoHeight : clientHeight);
    const { style } = this.root;
    style.left = `${this.box.left}px`;
    style.top = `${this.box.top}px`;
    style.width = `${this.box.width}px`;
    style.height = `${this.box.height}px`;
    style.setProperty("--frame-height", `${this.box.height}px`);
    this.desk.ask();
  }

  frame() {
    const { store, player } = this.desk;
    const at = player.time;
    const moment = { at, clip: clipTime(playedRanges(store, store.selected), at) };
    for (const layer of this.layers) layer.draw(this.box, moment);
  }

  /** @param {Set<string>} topics */
  update(topics) {
    if (topics.has("project")) this.resized();
    this.captions.update(topics);
  }
}

/** The captions that come with the rendered file. */
class CaptionLayer {
  /** @param {any} desk @param {HTMLElement} root */
  constructor(desk, root) {
    this.desk = desk;
    this.line = root.appendChild(Object.assign(document.createElement("p"), { className: "caption", hidden: true }));
    this.line.dir = "auto";
    this.toggle = desk.find(".captions-toggle");
    /** @type {Caption[]} */
    this.captions = [];
    /** @type {Range[]} of the version they are from */
    this.ranges = [];
    this.requestKey = "";
    this.on = stored(CAPTIONS_PLACE) === "on";
    this.toggle.addEventListener("click", () => this.turn(!this.on));
    this.show();
  }

  turn(on) {
    this.on = on;
    try {
      localStorage.setItem(CAPTIONS_PLACE, on ? "on" : "off");
    } catch {
      // a browser that keeps nothing: the captions are off again the next time
    }
    this.requestKey = "";
    this.show();
    this.read(true);
    this.desk.ask();
  }

  show() {
    this.toggle.setAttribute("aria-pressed", String(this.on));
    this.desk.find(".screen").classList.toggle("captioned", this.on);
    if (!this.on) this.line.hidden = true;
  }

  /** @param {Set<string>} topics */
  update(topics) {
    if (["clips", "selection", "project", "transcript"].some((t) => topics.has(t))) this.read(false);
  }

  /** @param {boolean} pressed the reviewer just turned them on */
  async read(pressed) {
    const { store } = this.desk;
    const clip = store.selected;
    if (!this.on || !clip) return;
    const key = [clip.id, clip.version, store.project.info?.transcript_revision].join();
    if (key === this.requestKey) return;
    if (!this.requestKey.startsWith(`${clip.id},`)) this.captions = [];
    this.requestKey = key;
    try {
      const { captions } = await store.api.captions(clip.id);
      if (this.requestKey !== key) return;
      this.captions = captions;
      this.ranges = clip.ranges;
      if (pressed && !captions.length) store.notices.say({ text: this.noneText(), tone: "info" });
      this.desk.ask();
    } catch {
      if (this.requestKey === key) this.requestKey = ""; // the next look at the project asks again
    }
  }

  noneText() {
    const draft = this.desk.store.project.transcript?.draft;
    return draft ? "The words are a draft, so the file will have no captions." : "The file of this clip will have no captions.";
  }

  draw(_box, { at, clip }) {
    if (!this.on) return;
    const ranges = this.desk.ranges ?? [];
    // while an edge is being moved, the captions are those of the version before
    const time = sameRanges(ranges, this.ranges) ? clip : clipTime(this.ranges, at);
    const caption = time === null ? undefined : this.captions[countWhile(this.captions, (c) => c.end_s <= time)];
    const text = caption && caption.start_s <= time ? caption.text : "";
    setText(this.line, text);
    if (this.line.hidden !== !text) this.line.hidden = !text;
  }
}

function stored(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}
