// What somebody else changed, in words.

import { REASONS, STATUS, clock } from "./format.js";
import { sameRanges } from "./rules.js";

/** @typedef {import("../state/api.js").Clip} Clip */

/**
 * What happened to a clip between two looks at it, as `moved the start to 12:03.4 and approved it`.
 * @param {Clip|null} before @param {Clip} now
 */
export function whatChanged(before, now) {
  if (!before) return "changed this clip";
  const done = [...edgesMoved(before, now)];
  if (before.title !== now.title) done.push(`renamed it \u201c${shorter(now.title)}\u201d`);
  const verdict = now.decision && !before.decisions.some((d) => sameDecision(d, now.decision)) ? now.decision : null;
  if (verdict) done.push(decided(verdict));
  else if (before.decision && !sameDecision(before.decision, now.decision) && before.version === now.version)
    done.push("took the decision back"); // the one before it may stand again
  if (!done.length) return "changed this clip";
  return done.length > 1 ? `${done.slice(0, -1).join(", ")} and ${done[done.length - 1]}` : done[0];
}

/** @param {Clip} before @param {Clip} now */
function edgesMoved(before, now) {
  if (sameRanges(before.ranges, now.ranges)) return [];
  const [start, end] = [now.start_s !== before.start_s, now.end_s !== before.end_s];
  if (start && end) return [`moved it to ${clock(now.start_s)} \u2013 ${clock(now.end_s)}`];
  if (start) return [`moved the start to ${clock(now.start_s)}`];
  if (end) return [`moved the end to ${clock(now.end_s)}`];
  return ["cut it differently"];
}

function decided(decision) {
  if (decision.decision === "approved") return "approved it";
  const reason = REASONS.find(([code]) => code === decision.reason)?.[1].toLowerCase();
  const why = [reason, decision.note && `\u201c${shorter(decision.note)}\u201d`].filter(Boolean).join(", ");
  const done = decision.decision === "rejected" ? "rejected it" : "asked for changes";
  return why ? `${done} (${why})` : done;
}

function sameDecision(a, b) {
  return Boolean(a && b) && a.at === b.at && a.decision === b.decision && a.version === b.version;
}

function shorter(text) {
  return text.length > 60 ? `${text.slice(0, 58).trimEnd()}\u2026` : text;
}

/** Whether a wish has come true meanwhile, by whoever's hand. @param {import("../state/outbox.js").Wish} wish @param {Clip|null} clip null: gone */
export function cameTrue(wish, clip) {
  if (!clip) return wish.kind === "deleted";
  if (wish.kind === "decision") return clip.decision?.decision === wish.decision && !wish.note;
  if (wish.kind !== "version") return false;
  return (!wish.ranges || sameRanges(wish.ranges, clip.ranges)) && (!wish.title || wish.title === clip.title);
}

/** What to call doing one's own after all. @param {import("../state/outbox.js").Wish[]} wishes */
export function mine(wishes) {
  if (wishes.some((w) => w.kind === "deleted")) return "Remove anyway";
  const decision = wishes.find((w) => w.kind === "decision");
  if (wishes.some((w) => w.kind === "version" && w.ranges)) return decision ? "Do mine anyway" : "Use my edges";
  if (!decision) return "Do mine anyway";
  return { approved: "Approve anyway", rejected: "Reject anyway", withdrawn: "Take it back anyway" }[decision.decision] ?? `${STATUS.changes_requested.sign} Ask anyway`;
}
