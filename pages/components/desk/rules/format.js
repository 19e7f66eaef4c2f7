// Times, lengths, states and certificates in words.

/** @typedef {"proposed"|"approved"|"rejected"|"changes_requested"} Status */

const MINUS = "\u2212";
const THIN = "\u202f";

/** Statuses in shape and words, since colour alone does not reach everyone. @type {Record<Status, {sign: string, word: string}>} */
export const STATUS = {
  proposed: { sign: "\u00b7", word: "proposed" },
  approved: { sign: "\u2713", word: "approved" },
  rejected: { sign: "\u2715", word: "rejected" },
  changes_requested: { sign: "\u21ba", word: "changes asked" },
};

/** True if something from outside this script is a decision. @param {any} value */
export function isDecision(value) {
  return value === "withdrawn" || (value !== "proposed" && Object.hasOwn(STATUS, value));
}

/** @type {Record<string, string>} */
export const GRADE = { clean: "\u25cf", fair: "\u25d0", poor: "\u25cb" };

/** Reasons for a rejection, in the order of the keys 1 to 6. @type {[string, string][]} */
export const REASONS = [
  ["no_context", "Needs context"],
  ["starts_late", "Starts too late"],
  ["ends_weak", "Ends weakly"],
  ["duplicate", "Says the same as another"],
  ["off_topic", "Off topic"],
  ["other", "Another reason"],
];

/** Seconds as `12:03.4`, with hours where there are any. @param {number} s @param {number} [decimals] */
export function clock(s, decimals = 1) {
  const unit = 10 ** decimals;
  const whole = Math.round(Math.max(0, s) * unit);
  const seconds = Math.floor(whole / unit);
  const minutes = Math.floor(seconds / 60) % 60;
  const hours = Math.floor(seconds / 3600);
  const tail = decimals ? "." + String(whole % unit).padStart(decimals, "0") : "";
  const clockSeconds = String(seconds % 60).padStart(2, "0") + tail;
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${clockSeconds}` : `${minutes}:${clockSeconds}`;
}

/** A length as `48 s`, `4.2 s` or `2 min 5 s`. @param {number} s */
export function length(s) {
  if (s < 9.95) return `${s.toFixed(1)} s`;
  const whole = Math.round(s);
  if (whole < 120) return `${whole} s`;
  return whole % 60 ? `${Math.floor(whole / 60)} min ${whole % 60} s` : `${whole / 60} min`;
}

/** A clip's title in a sentence. @param {string} title */
export function called(title) {
  if (!title) return "untitled clip";
  return title.length > 44 ? `${title.slice(0, 42).trimEnd()}\u2026` : title;
}

/** `41 %`, or nothing where progress is not known. @param {number|null|undefined} part */
export function percent(part) {
  return part === null || part === undefined ? "" : `${Math.round(part * 100)}${THIN}%`;
}

/** @param {number} db */
export function decibels(db) {
  const rounded = Math.round(db);
  return `${rounded < 0 ? MINUS : ""}${Math.abs(rounded)} dB`;
}

/** The time of a moment today, the date of an earlier one. @param {string} iso */
export function moment(iso) {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return "";
  const today = new Date().toDateString() === at.toDateString();
  return today
    ? at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })
    : at.toLocaleDateString([], { day: "numeric", month: "short" });
}

/** The evidence of a cut in words: the server's, else composed here. @param {import("../state/api.js").Cut} cut */
export function evidence(cut) {
  return cut.reason ? cut.reason.replace(/(^|\s)-(?=\d)/g, `$1${MINUS}`) : facts(cut).join(", ");
}

/** @param {import("../state/api.js").Cut} cut */
function facts(cut) {
  const word = cut.side === "in" ? "first word" : "last word";
  const out = [];
  if (cut.silence_start_s !== null && cut.silence_end_s !== null) {
    const long = (cut.silence_end_s - cut.silence_start_s).toFixed(2);
    out.push(`silence ${long} s` + (cut.level_db === null ? "" : ` at ${decibels(cut.level_db)}`));
  } else {
    out.push("no silence here" + (cut.level_db === null ? "" : `, ${decibels(cut.level_db)}`));
  }
  if (cut.gap_to_word_ms !== null) out.push(`${word} ${Math.round(cut.gap_to_word_ms)} ms away`);
  if (cut.sentence_boundary === true) out.push(cut.side === "in" ? "sentence starts" : "sentence ends");
  if (cut.sentence_boundary === false) out.push("inside a sentence");
  return out;
}
