// The colours of the theme, resolved for canvases, and how canvases are sized and written on.

/** @typedef {{ink: string, muted: string, paper: string, soft: string, line: string, accent: string, onAccent: string,
 *   ok: string, warn: string, font: string, key: string}} Colours */

/** @param {HTMLElement} desk @returns {Colours} */
export function readColours(desk) {
  const style = getComputedStyle(desk);
  const value = (name) => style.getPropertyValue(name).trim();
  /** @type {HTMLElement} */
  const probe = desk.querySelector(".probe");
  // a custom property may hold color-mix(), which a canvas does not know: the probe's colour is the result
  const solid = (name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  desk.style.setProperty("--on-accent", isLight(solid("--accent")) ? "#14161b" : "#ffffff");
  const names = ["ink", "muted", "paper", "soft", "line", "accent", "on-accent", "ok", "warn"];
  const [ink, muted, paper, soft, line, accent, onAccent, ok, warn] = names.map((name) => solid(`--${name}`));
  const font = value("font-family") || style.fontFamily;
  return { ink, muted, paper, soft, line, accent, onAccent, ok, warn, font, key: [ink, paper, soft, accent].join() };
}

// Whether black reads better on a colour than white does (WCAG relative luminance).
function isLight(rgb) {
  const parts = rgb.match(/[\d.]+/g)?.slice(0, 3).map(Number) ?? [0, 0, 0];
  const scale = rgb.startsWith("rgb") ? 255 : 1;
  const [r, g, b] = parts.map((v) => ((v / scale + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.25;
}

/** @param {Colours} colours @param {string} status */
export function colourOf(colours, status) {
  return { approved: colours.ok, changes_requested: colours.warn, rejected: colours.muted }[status] ?? colours.ink;
}

/**
 * A canvas sized for the screen; returns its context scaled to CSS pixels.
 * @param {HTMLCanvasElement} canvas @param {number} width @param {number} height CSS pixels
 */
export function sized(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  const w = Math.max(1, Math.round(width * ratio));
  const h = Math.max(1, Math.round(height * ratio));
  if (canvas.width !== w) canvas.width = w;
  if (canvas.height !== h) canvas.height = h;
  const g = canvas.getContext("2d");
  g.setTransform(ratio, 0, 0, ratio, 0, 0);
  g.clearRect(0, 0, width, height);
  return g;
}

/** A text, cut off where it does not fit; empty where next to nothing of it would fit. @param {CanvasRenderingContext2D} g @param {string} text @param {number} room */
export function shortened(g, text, room) {
  if (g.measureText(text).width <= room) return text;
  let short = text.slice(0, Math.max(0, Math.floor(room / 5)));
  while (short && g.measureText(short + "\u2026").width > room) short = short.slice(0, -1);
  return short.length > 2 ? short + "\u2026" : "";
}
