// Draws the timeline: ruler, clips, waveform with silences, words. The playhead and the edges are elements above it,
// so that playing moves one transform and draws nothing.

import { colourOf, shortened, sized } from "../rules/colours.js";
import { STATUS, clock } from "../rules/format.js";
import { countWhile, gapsOf, holds, wordAt } from "../rules/rules.js";
import { Handles } from "./handles.js";
import { drawPeaks } from "./peaks.js";

/** Lanes from the top, in CSS pixels. */
export const LANES = { ruler: 20, clips: 20, wave: 98, words: 24 };
const CLIPS_TOP = LANES.ruler;
const WAVE_TOP = CLIPS_TOP + LANES.clips;
const WORDS_TOP = WAVE_TOP + LANES.wave;
export const TALL = WORDS_TOP + LANES.words;
const TICKS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];
const WORDS_FROM = 34; // pixels a second, from which words do not overlap
const SENTENCE_PX = 7; // marks of sentences closer together could not be told apart

/** The lane at a height. @param {number} y */
export function laneAt(y) {
  if (y < CLIPS_TOP) return "ruler";
  if (y < WAVE_TOP) return "clips";
  return y < WORDS_TOP ? "wave" : "words";
}

export class Timeline {
  /** @param {any} desk */
  constructor(desk) {
    this.desk = desk;
    this.track = desk.find(".track");
    this.canvas = desk.find(".wave");
    this.playhead = desk.find(".track .playhead");
    this.handles = new Handles(desk, this.track);
    this.dragging = false; // an edge is in the hand
    this.layers = [new OffscreenCanvas(1, 1), new OffscreenCanvas(1, 1)];
    this.layersKey = "";
    this.dirty = true;
    this.held = false; // a pointer holds the view, so playing does not move it
    /** @type {import("../rules/rules.js").Range|null} */
    this.ghost = null;
    /** @type {number|null} a moment shown before it is chosen */
    this.ghostAt = null;
    this.word = -1;
  }

  redraw() {
    this.dirty = true;
    this.desk.ask();
  }

  /** The place of a pointer on the timeline, in CSS pixels. @param {MouseEvent} event */
  placeOf(event) {
    const box = this.track.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  /** Draw one frame; true while something still moves. */
  frame() {
    const { view, player, store } = this.desk;
    const gliding = view.step();
    const at = player.time;
    if (player.playing && !this.held && !gliding) this.keepInView(at);
    const word = store.project.transcript ? wordAt(store.project.transcript.words, at) : -1;
    if (word !== this.word) this.dirty = true;
    this.word = word;
    if (this.dirty || gliding) this.draw();
    this.playhead.style.transform = `translateX(${view.x(at)}px)`;
    return gliding;
  }

  keepInView(at) {
    const { view } = this.desk;
    if (at >= view.from && at <= view.to) return;
    view.set(at - view.span * 0.08, at + view.span * 0.92);
    this.dirty = true;
  }

  draw() {
    this.dirty = false;
    const { view, store, peaks } = this.desk;
    if (view.width < 2) return;
    const g = sized(this.canvas, view.width, TALL);
    const clip = store.selected;
    const ranges = clip ? store.pending.rangesOf(clip) : [];
    g.textBaseline = "middle";
    this.drawSilences(g);
    this.drawSelection(g, ranges);
    this.drawWave(g, ranges);
    this.drawGaps(g, ranges);
    this.drawRuler(g);
    this.desk.notes.draw(g);
    this.drawClips(g);
    this.drawSentences(g);
    this.drawWords(g, ranges);
    this.drawMark(g);
    const { coming } = this.desk.shapes;
    for (const span of [this.ghost, coming.span]) if (span) this.drawGhost(g, span);
    for (const at of [this.ghostAt, coming.at_s]) if (at !== null) this.drawMoment(g, at);
    if (this.dragging) this.drawPlaces(g);
    this.handles.place();
    this.desk.overview.draw();
    peaks.want(view.from, view.to, view.width * (window.devicePixelRatio || 1), view.duration);
  }

  font(size, weight = 400) {
    return `${weight} ${size}px ${this.desk.colours.font}`;
  }

  drawSilences(g) {
    const { view, store, colours } = this.desk;
    const first = countWhile(store.project.silences, (s) => s.end_s < view.from);
    g.fillStyle = colours.ink;
    for (let i = first; i < store.project.silences.length && store.project.silences[i].start_s < view.to; i += 1) {
      const x = view.x(store.project.silences[i].start_s);
      const wide = view.x(store.project.silences[i].end_s) - x;
      if (wide < 1) continue; // from far away they could not be told apart
      g.globalAlpha = 0.075;
      g.fillRect(x, WAVE_TOP, wide, LANES.wave);
      g.globalAlpha = 0.45;
      g.fillRect(x, WORDS_TOP - 2, wide, 2);
    }
    g.globalAlpha = 1;
  }

  drawSelection(g, ranges) {
    const { view, colours } = this.desk;
    g.fillStyle = colours.accent;
    g.globalAlpha = 0.1;
    for (const r of ranges) g.fillRect(view.x(r.start_s), WAVE_TOP, view.x(r.end_s) - view.x(r.start_s), LANES.wave);
    g.globalAlpha = 1;
  }

  drawWave(g, ranges) {
    const { view, peaks } = this.desk;
    const ratio = window.devicePixelRatio || 1;
    if (!peaks.coarse) return this.drawFlat(g);
    this.paintLayers(Math.round(view.width * ratio), Math.round((LANES.wave - 4) * ratio));
    const [calm, strong] = this.layers;
    g.drawImage(calm, 0, WAVE_TOP + 2, view.width, LANES.wave - 4);
    if (!ranges.length) return;
    g.save();
    g.beginPath();
    for (const r of ranges) g.rect(view.x(r.start_s), WAVE_TOP, view.x(r.end_s) - view.x(r.start_s), LANES.wave);
    g.clip();
    g.clearRect(0, WAVE_TOP, view.width, LANES.wave);
    this.drawSilences(g);
    this.drawSelection(g, ranges);
    g.drawImage(strong, 0, WAVE_TOP + 2, view.width, LANES.wave - 4);
    g.restore();
  }

  drawFlat(g) {
    const { view, colours } = this.desk;
    g.fillStyle = colours.line;
    g.fillRect(0, WAVE_TOP + LANES.wave / 2, view.width, 1);
  }

  // The waveform is painted once per view and tinted twice; moving an edge only copies it.
  paintLayers(width, height) {
    const { view, peaks, colours } = this.desk;
    const key = [view.from, view.to, width, height, peaks.revision, colours.key].join();
    if (key === this.layersKey) return;
    this.layersKey = key;
    const data = peaks.best(view.from, view.to);
    const [calm, strong] = this.layers;
    for (const layer of this.layers) [layer.width, layer.height] = [width, height];
    drawPeaks(strong.getContext("2d"), data, view, { width, height, gain: peaks.gain, colour: colours.accent });
    const g = calm.getContext("2d");
    g.globalAlpha = 0.62;
    g.drawImage(strong, 0, 0);
    g.globalAlpha = 1;
    g.globalCompositeOperation = "source-in";
    g.fillStyle = colours.muted;
    g.fillRect(0, 0, width, height);
    g.globalCompositeOperation = "source-over";
  }

  drawRuler(g) {
    const { view, colours } = this.desk;
    const step = TICKS.find((t) => t / view.perPixel >= 86) ?? 7200;
    g.font = this.font(12);
    g.textAlign = "left";
    for (let n = Math.floor(view.from / step); n * step <= view.to; n += 1) {
      const x = Math.round(view.x(n * step)) + 0.5;
      g.fillStyle = colours.line;
      g.fillRect(x, 5, 1, LANES.ruler - 5);
      g.fillStyle = colours.muted;
      g.fillText(clock(n * step, step < 0.01 ? 3 : step < 0.1 ? 2 : step < 1 ? 1 : 0), x + 5, LANES.ruler / 2 + 1);
    }
  }

  drawClips(g) {
    const { store, colours, view } = this.desk;
    g.fillStyle = colours.line;
    g.fillRect(0, CLIPS_TOP, view.width, 1);
    g.fillRect(0, WAVE_TOP - 1, view.width, 1);
    (store.project.clips ?? []).forEach((clip, i) => {
      if (clip.id !== store.selectedId) this.drawClip(g, clip, i + 1, false);
    });
    const mine = (store.project.clips ?? []).findIndex((c) => c.id === store.selectedId);
    if (mine >= 0) this.drawClip(g, store.project.clips[mine], mine + 1, true);
  }

  drawClip(g, clip, number, open) {
    const { view, store, colours } = this.desk;
    const status = store.pending.statusOf(clip);
    const colour = open ? colours.accent : colourOf(colours, status);
    for (const r of store.pending.rangesOf(clip)) {
      const x = view.x(r.start_s);
      const wide = view.x(r.end_s) - x;
      if (x > view.width || x + wide < 0) continue;
      g.beginPath();
      g.roundRect(x, CLIPS_TOP + 3, Math.max(2, wide), LANES.clips - 6, 3);
      g.fillStyle = colours.paper;
      if (open) g.fill(); // over whatever it overlaps
      g.globalAlpha = open ? 0.24 : 0.14;
      g.fillStyle = colour;
      g.fill();
      if (!open) {
        g.globalAlpha = 0.05;
        g.fillRect(x, WAVE_TOP, wide, LANES.wave);
      }
      g.globalAlpha = open ? 1 : 0.85;
      const left = Math.max(x, 0) + 6;
      g.fillStyle = colours.ink;
      g.font = this.font(12, open ? 600 : 400);
      const short = `${STATUS[status].sign} ${number}`;
      const room = x + wide - left - 4;
      const text = shortened(g, `${short} ${clip.title}`, room);
      // where there is no room for a title, there is for the sign and the number
      g.fillText(text.length > short.length + 4 ? text : shortened(g, short, room), left, CLIPS_TOP + LANES.clips / 2);
    }
    g.globalAlpha = 1;
  }

  drawWords(g, ranges) {
    const { store, view, colours } = this.desk;
    if (!store.project.transcript || 1 / view.perPixel < WORDS_FROM) return;
    const { words } = store.project.transcript;
    const y = WORDS_TOP + LANES.words / 2 + 1;
    let free = -Infinity;
    g.textAlign = "left";
    for (let i = countWhile(words, (w) => w.end_s < view.from); i < words.length && words[i].start_s < view.to; i += 1) {
      const x = view.x(words[i].start_s);
      if (x < free) continue;
      const inside = holds(ranges, words[i]);
      g.font = this.font(13, i === this.word ? 650 : 400);
      g.fillStyle = i === this.word ? colours.accent : inside ? colours.ink : colours.muted;
      g.globalAlpha = words[i].timed ? 1 : 0.65;
      g.fillText(words[i].text, x, y);
      free = x + g.measureText(words[i].text).width + 5;
    }
    g.globalAlpha = 1;
  }

  drawGhost(g, span) {
    const { view, colours } = this.desk;
    const x = view.x(span.start_s);
    g.strokeStyle = colours.accent;
    g.setLineDash([5, 4]);
    g.lineWidth = 1.5;
    g.strokeRect(x, WAVE_TOP + 1, view.x(span.end_s) - x, LANES.wave - 2);
    g.setLineDash([]);
  }

  // Gaps are hatched, so that they are not taken for the end of the clip.
  drawGaps(g, ranges) {
    const { view, colours } = this.desk;
    for (const gap of gapsOf(ranges)) {
      const [from, to] = [Math.max(0, view.x(gap.start_s)), Math.min(view.width, view.x(gap.end_s))];
      if (to <= from) continue;
      g.save();
      g.beginPath();
      g.rect(from, WAVE_TOP, to - from, LANES.wave);
      g.clip();
      g.beginPath();
      for (let x = from - (from % 9) - LANES.wave; x < to; x += 9) {
        g.moveTo(x, WORDS_TOP);
        g.lineTo(x + LANES.wave, WAVE_TOP);
      }
      g.globalAlpha = 0.5;
      g.strokeStyle = colours.muted;
      g.lineWidth = 1;
      g.stroke();
      g.restore();
      g.fillStyle = colours.accent;
      g.fillRect(from, CLIPS_TOP + LANES.clips / 2 - 1, to - from, 2); // the parts are one clip
    }
  }

  drawSentences(g) {
    const { store, view, colours } = this.desk;
    const { words, sentences } = store.project.transcript ?? { words: [], sentences: [] };
    const starts = (s) => words[s.first_word]?.start_s ?? Infinity;
    const first = countWhile(sentences, (s) => starts(s) < view.from);
    const last = countWhile(sentences, (s) => starts(s) <= view.to);
    if ((last - first) * SENTENCE_PX > view.width) return;
    g.fillStyle = colours.muted;
    g.globalAlpha = 0.55;
    for (let i = first; i < last; i += 1) g.fillRect(Math.round(view.x(starts(sentences[i]))) - 3, WORDS_TOP + 4, 1, LANES.words - 8);
    g.globalAlpha = 1;
  }

  drawMark(g) {
    const { view, colours, marks } = this.desk;
    if (!marks.mark) return;
    const x = view.x(marks.mark.start_s);
    const wide = Math.max(2, view.x(marks.mark.end_s) - x);
    g.fillStyle = colours.ink;
    g.globalAlpha = 0.12;
    g.fillRect(x, WAVE_TOP, wide, LANES.wave + LANES.words);
    g.globalAlpha = 1;
    for (const [left, inward] of [[x, 0], [x + wide - 2, -5]]) {
      g.fillRect(left, WAVE_TOP, 2, LANES.wave + LANES.words);
      g.fillRect(left + inward, WAVE_TOP, 7, 2);
      g.fillRect(left + inward, WORDS_TOP + LANES.words - 2, 7, 2);
    }
  }

  drawMoment(g, at) {
    const { view, colours } = this.desk;
    const x = view.x(at);
    g.strokeStyle = colours.accent;
    g.lineWidth = 2;
    g.setLineDash([5, 4]);
    g.beginPath();
    g.moveTo(x, CLIPS_TOP);
    g.lineTo(x, WORDS_TOP);
    g.stroke();
    g.setLineDash([]);
    g.fillStyle = colours.accent;
    g.globalAlpha = 0.14;
    const edge = view.x(this.desk.edges.at(this.desk.edges.active));
    g.fillRect(Math.min(x, edge), WAVE_TOP, Math.abs(x - edge), LANES.wave);
    g.globalAlpha = 1;
  }

  // The places where the edge in the hand may rest; the one it would take is stronger.
  drawPlaces(g) {
    const { view, colours, edges } = this.desk;
    const taken = edges.at(edges.active);
    g.fillStyle = colours.accent;
    for (const at of edges.places()) {
      const own = Math.abs(at - taken) < 0.0015;
      g.globalAlpha = own ? 1 : 0.6;
      g.fillRect(view.x(at) - (own ? 1.5 : 1), WORDS_TOP - (own ? 28 : 16), own ? 3 : 2, own ? 28 : 16);
    }
    g.globalAlpha = 1;
  }
}
