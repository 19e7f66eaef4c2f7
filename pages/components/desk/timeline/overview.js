// The whole recording as a strip: level, clips by status, and what the timeline shows of it.

import { colourOf, sized } from "../rules/colours.js";
import { clamp } from "../rules/rules.js";
import { drawPeaks } from "./peaks.js";

const STRIP = 38;
const MARKS = 7;

export class Overview {
  /** @param {any} desk */
  constructor(desk) {
    this.desk = desk;
    this.strip = desk.find(".overview");
    this.canvas = desk.find(".overview canvas");
    this.playhead = desk.find(".overview .playhead");
    this.layer = new OffscreenCanvas(1, 1);
    this.layerKey = "";
    this.listen();
  }

  get width() {
    return this.desk.overviewWidth;
  }

  x(t) {
    return (t / this.desk.view.duration) * this.width;
  }

  frame() {
    this.playhead.style.transform = `translateX(${this.x(this.desk.player.time)}px)`;
  }

  draw() {
    const { view, colours, store } = this.desk;
    const g = sized(this.canvas, this.width, STRIP);
    this.drawLevel(g);
    for (const clip of store.project.clips ?? []) this.drawClip(g, clip, clip.id === store.selectedId);
    if (view.isWhole) return;
    const from = this.x(view.from);
    const to = Math.max(from + 3, this.x(view.to));
    g.fillStyle = colours.soft;
    g.globalAlpha = 0.6;
    g.fillRect(0, 0, from, STRIP);
    g.fillRect(to, 0, this.width - to, STRIP);
    g.globalAlpha = 1;
    g.strokeStyle = colours.muted;
    g.lineWidth = 1.5;
    g.beginPath();
    g.roundRect(clamp(from, 0.75, this.width - 4), 0.75, Math.max(3, to - from - 1.5), STRIP - 1.5, 4);
    g.stroke();
  }

  drawLevel(g) {
    const { view, peaks, colours } = this.desk;
    if (!peaks.coarse) return;
    const ratio = window.devicePixelRatio || 1;
    const width = Math.round(this.width * ratio);
    const height = Math.round((STRIP - MARKS - 4) * ratio);
    const key = [width, height, peaks.gain, peaks.coarse.to, view.duration, colours.key].join();
    if (key !== this.layerKey) {
      this.layerKey = key;
      this.layer.width = width;
      this.layer.height = height;
      const layer = this.layer.getContext("2d");
      layer.globalAlpha = 0.55;
      drawPeaks(layer, peaks.coarse, { from: 0, to: view.duration }, { width, height, gain: peaks.gain, colour: colours.muted });
    }
    g.drawImage(this.layer, 0, 2, this.width, STRIP - MARKS - 4);
  }

  drawClip(g, clip, open) {
    const { store, colours } = this.desk;
    const status = store.pending.statusOf(clip);
    g.fillStyle = open ? colours.accent : colourOf(colours, status);
    for (const r of store.pending.rangesOf(clip)) {
      const x = this.x(r.start_s);
      const wide = Math.max(2, this.x(r.end_s) - x);
      g.globalAlpha = open ? 0.16 : 0.08;
      g.fillRect(x, 0, wide, STRIP - MARKS);
      // strong where decided, faint where not yet
      g.globalAlpha = open || status !== "proposed" ? 0.9 : 0.35;
      g.beginPath();
      g.roundRect(x, STRIP - MARKS, wide, MARKS - 2, 2);
      g.fill();
    }
    g.globalAlpha = 1;
  }

  listen() {
    const { view } = this.desk;
    let hold = null;
    const time = (event) => ((event.clientX - this.strip.getBoundingClientRect().left) / this.width) * view.duration;
    const centre = (at) => {
      view.set(at - view.span / 2, at + view.span / 2);
      this.desk.timeline.redraw();
    };
    this.strip.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      event.preventDefault();
      this.strip.setPointerCapture(event.pointerId);
      const at = time(event);
      const inside = at >= view.from && at <= view.to && !view.isWhole;
      hold = inside ? at - (view.from + view.to) / 2 : 0;
      this.desk.timeline.held = true;
      if (!inside) centre(at);
    });
    this.strip.addEventListener("pointermove", (event) => hold !== null && centre(time(event) - hold));
    const end = () => {
      hold = null;
      this.desk.timeline.held = false;
    };
    this.strip.addEventListener("pointerup", end);
    this.strip.addEventListener("pointercancel", end);
  }
}
