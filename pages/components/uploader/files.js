// Judges a file by its name and size, and puts sizes and times into words.

/** @typedef {{max_bytes: number, kinds: Record<"media"|"captions"|"pictures"|"documents", string[]>,
 *   sentences: {picture: string, document: string}}} Rules */

const UNITS = ["bytes", "kB", "MB", "GB", "TB"];
const LONGEST_NAME = 1000;

/** @param {number} bytes @returns {string} as "1.2 GB" */
export function sizeText(bytes) {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit && value < 9.95 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]}`;
}

/** @param {number} seconds @returns {string} as "1:32:10", or "48 s" */
export function lengthText(seconds) {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const two = (n) => String(n).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** @param {number} seconds @returns {string} as "about 3 min left" */
export function leftText(seconds) {
  if (seconds < 10) return "a few seconds left";
  if (seconds < 90) return `about ${Math.ceil(seconds / 10) * 10} s left`;
  if (seconds < 5400) return `about ${Math.round(seconds / 60)} min left`;
  return `about ${(seconds / 3600).toFixed(1)} h left`;
}

/** Percents rounded down; 100 only when everything is there. @param {number} done @param {number} all */
export function percent(done, all) {
  return all ? Math.floor((done / all) * 100) : 100;
}

/** @param {string} name @returns {string} the ending after the last dot, in lower case */
export function extension(name) {
  const dot = name.lastIndexOf(".");
  return dot < 0 ? "" : name.slice(dot + 1).trim().toLowerCase();
}

/** A name without its ending; captions also lose their language, since "talk.en.srt" belongs to "talk.mp4". */
export function stems(name) {
  const stem = name.includes(".") ? name.slice(0, name.lastIndexOf(".")) : name;
  const lower = stem.toLowerCase();
  return [lower, lower.replace(/[._-][a-z]{2,3}([-_][a-z]{2,4})?$/, "")];
}

/** A name short enough for a request, with its ending kept. @param {string} name */
export function shortName(name) {
  if (name.length <= LONGEST_NAME) return name;
  const ending = name.slice(name.lastIndexOf("."));
  return ending.length <= 21 ? name.slice(0, LONGEST_NAME - ending.length) + ending : name.slice(0, LONGEST_NAME);
}

/** @param {File} file @param {Rules} rules */
export function isCaptions(file, rules) {
  return rules.kinds.captions.includes(extension(file.name));
}

/** The reason why a file can't be uploaded, as a sentence; null if it can. The server checks again, by the bytes.
 * @param {File} file @param {Rules} rules */
export function refusal(file, rules) {
  const { kinds, sentences, max_bytes: most } = rules;
  const ending = extension(file.name);
  const media = kinds.media.includes(ending) || /^(audio|video)\//.test(file.type);
  if (!media && (kinds.pictures.includes(ending) || file.type.startsWith("image/"))) return sentences.picture;
  if (!media && (kinds.documents.includes(ending) || file.type.startsWith("text/"))) return sentences.document;
  if (file.size === 0) return "This file is empty. Export the recording again, then upload that.";
  if (file.size > most) {
    return `This file is ${sizeText(file.size)}; this server accepts up to ${sizeText(most)}. Compress it or split it.`;
  }
  return null;
}

/** The length of a recording, if this browser can tell it without reading the whole file.
 * @param {File} file @returns {Promise<number|null>} seconds */
export function lengthOf(file) {
  return new Promise((resolve) => {
    const player = document.createElement(file.type.startsWith("audio/") ? "audio" : "video");
    const url = URL.createObjectURL(file);
    const finish = (seconds) => {
      clearTimeout(patience);
      player.removeAttribute("src");
      URL.revokeObjectURL(url);
      resolve(Number.isFinite(seconds) && seconds > 0 ? seconds : null);
    };
    const patience = setTimeout(() => finish(null), 15_000);
    player.preload = "metadata";
    player.muted = true;
    player.onloadedmetadata = () => finish(player.duration);
    player.onerror = () => finish(null);
    player.src = url;
  });
}
