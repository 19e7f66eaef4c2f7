// Peaks of the recording: fetched for the part that is shown, and kept.

import { clamp } from "../rules/rules.js";

/** @typedef {{from: number, to: number, low: number[], high: number[], sound: boolean}} Peaks `sound`: samples, not levels */
/** @typedef {{width: number, height: number, gain: number, colour: string}} Look in device pixels */

const WAIT_MS = 110;
const MAX_POINTS = 4_000; // as many as a dense screen has pixels
const MAX_WINDOWS = 24;
const MAX_DENSITY = 15_900; // points a second: the stored sound has 16 samples a millisecond

export class PeakCache {
  /** @param {ReturnType<typeof import("../state/api.js").makeApi>} api @param {() => void} onReady */
  constructor(api, onReady) {
    this.api = api;
    this.onReady = onReady;
    /** @type {Peaks|null} the whole recording */
    this.coarse = null;
    /** @type {Peaks[]} newest last */
    this.windows = [];
    this.gain = 1;
    this.revision = 0;
    this.timer = 0;
    this.requestKey = "";
  }

  /** Forget everything and read the whole recording again. @param {number} duration */
  async begin(duration) {
    this.windows = [];
    this.requestKey = "";
    const whole = await this.read(0, duration, MAX_POINTS);
    if (!whole) return false;
    this.coarse = whole;
    this.gain = gainFor(whole);
    this.changed();
    return true;
  }

  /** Ask for peaks as fine as the screen shows; they are fetched after a moment of rest. */
  want(from, to, pixels, duration) {
    if (!this.coarse || fine(this.best(from, to), from, to, pixels)) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.fetchAround(from, to, pixels, duration), WAIT_MS);
  }

  async fetchAround(from, to, pixels, duration) {
    const points = Math.min(pixels, MAX_POINTS);
    const margin = clamp((MAX_POINTS / points - 1) / 2, 0, 0.5) * (to - from);
    // outward to whole milliseconds, so that the answer covers all that is shown
    const start = Math.floor(Math.max(0, from - margin) * 1000) / 1000;
    const end = Math.ceil(Math.min(duration, to + margin) * 1000) / 1000;
    const key = `${start.toFixed(3)} ${end.toFixed(3)}`;
    if (key === this.requestKey) return;
    this.requestKey = key;
    const peaks = await this.read(start, end, (points * (end - start)) / (to - from));
    if (!peaks) return;
    this.windows.push(peaks);
    if (this.windows.length > MAX_WINDOWS) this.windows.shift();
    this.changed();
  }

  /** @returns {Promise<Peaks|null>} null where they are not ready */
  async read(from, to, points) {
    try {
      const body = await this.api.peaks(from, to, points);
      const sound = body.resolution_ms < 10; // samples, not the levels of ten milliseconds
      return { from: body.from_s, to: body.to_s, low: body.low, high: body.high, sound };
    } catch {
      return null;
    }
  }

  changed() {
    this.revision += 1;
    this.onReady();
  }

  /** The finest peaks that cover a stretch. @param {number} from @param {number} to */
  best(from, to) {
    const near = Math.min(0.002, (to - from) / 400);
    const covering = this.windows.filter((w) => w.from <= from + near && w.to >= to - near);
    return covering.reduce((best, w) => (!best || density(w) > density(best) ? w : best), this.coarse);
  }
}

/** @param {Peaks} peaks */
function density(peaks) {
  return peaks.low.length / Math.max(0.001, peaks.to - peaks.from);
}

function fine(peaks, from, to, pixels) {
  return Boolean(peaks) && density(peaks) >= Math.min(MAX_DENSITY, (0.7 * Math.min(pixels, MAX_POINTS)) / (to - from));
}

// The factor by which peaks fill the lane. It goes by the loud end of what is usual: single clicks must not make speech small.
function gainFor(peaks) {
  const loud = peaks.high.map((high, i) => Math.max(high, -peaks.low[i])).sort((a, b) => a - b);
  const usual = loud[Math.floor(loud.length * 0.995)] || 127;
  return clamp(118 / Math.max(1, usual), 1, 12);
}

/**
 * Draw peaks as a shape around the middle of `height`; samples, as a line.
 * @param {CanvasRenderingContext2D|OffscreenCanvasRenderingContext2D} g @param {Peaks} peaks
 * @param {{from: number, to: number}} span seconds of the recording @param {Look} look
 */
export function drawPeaks(g, peaks, span, look) {
  const { from, to } = span;
  const { width, height, gain, colour } = look;
  const count = peaks.low.length;
  const perPoint = (peaks.to - peaks.from) / count;
  const middle = height / 2;
  const scale = (gain * middle) / 128;
  const apart = (perPoint / (to - from)) * width;
  if (peaks.sound && apart > 0.75) return drawSound(g, peaks, span, look, (v) => clamp(middle - v * scale, 0, height));
  g.fillStyle = colour;
  // columns one by one: filling them as one path takes ten times as long
  for (let x = 0; x < width; x += 1) {
    const a = (from + ((to - from) * x) / width - peaks.from) / perPoint;
    const b = (from + ((to - from) * (x + 1)) / width - peaks.from) / perPoint;
    const first = Math.floor(a);
    const last = Math.max(first, Math.ceil(b) - 1);
    if (last < 0 || first >= count) continue;
    let low = 0;
    let high = 0;
    for (let i = Math.max(0, first); i <= Math.min(count - 1, last); i += 1) {
      if (peaks.low[i] < low) low = peaks.low[i];
      if (peaks.high[i] > high) high = peaks.high[i];
    }
    const top = Math.max(0, middle - high * scale);
    const bottom = Math.min(height, middle - low * scale);
    g.fillRect(x, top, 1, Math.max(1, bottom - top));
  }
}

// A line from each point's lowest to its highest sample and on to the next: it looks like a band from afar.
function drawSound(g, peaks, { from, to }, { width, colour }, y) {
  const count = peaks.low.length;
  const perPoint = (peaks.to - peaks.from) / count;
  const pixels = (perPoint / (to - from)) * width;
  const first = Math.max(0, Math.floor((from - peaks.from) / perPoint) - 1);
  const last = Math.min(count - 1, Math.ceil((to - peaks.from) / perPoint) + 1);
  g.strokeStyle = colour;
  g.lineJoin = "round";
  g.lineWidth = pixels > 2 ? 2 : 1;
  g.beginPath();
  let up = true;
  for (let i = first; i <= last; i += 1) {
    const x = ((peaks.from + (i + 0.5) * perPoint - from) / (to - from)) * width;
    const ends = up ? [peaks.low[i], peaks.high[i]] : [peaks.high[i], peaks.low[i]];
    for (const value of ends) g.lineTo(x, y(value));
    up = !up;
  }
  g.stroke();
}
