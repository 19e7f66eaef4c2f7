// Changes that conflict with another reviewer's, in words: the name, the change, and the button that makes our own after all.

import { REASONS, STATUS, clock } from "./format.js";
import { sameRanges } from "./rules.js";

/** @typedef {import("../state/api.js").Clip} Clip */
/** @typedef {import("../state/outbox.js").PendingChange} PendingChange */

/**
 * The person, other than this reviewer, who changed a clip last since an earlier look at it; "Someone" where no name is
 * known.
 * @param {Clip} clip @param {Clip|null} before @param {string} reviewer
 */
export function whoChanged(clip, before, reviewer) {
  const isOther = ({ by }) => by && by !== reviewer && by !== "Clipper";
  const versions = (clip.versions ?? []).filter((v) => v.number > (before?.version ?? 1));
  const decisions = (clip.decisions ?? []).slice(before?.decisions?.length ?? 0);
  const others = [...versions, ...decisions].filter(isOther).sort((a, b) => (a.at < b.at ? -1 : 1));
  if (others.length) return others.at(-1).by;
  return isOther({ by: clip.changed_by }) ? clip.changed_by : "Someone";
}

/**
 * What happened to a clip between two looks at it, as `moved the start to 12:03.4 and approved it`.
 * @param {Clip|null} before @param {Clip} now
 */
export function whatChanged(before, now) {
  if (!before) return "changed this clip";
  const done = [...edgesMoved(before, now)];
  if (before.title !== now.title) done.push(`renamed it \u201c${shorter(now.title)}\u201d`);
  const verdict = now.decision && !before.decisions.some((d) => sameDecision(d, now.decision)) ? now.decision : null;
  if (verdict) done.push(decisionInWords(verdict));
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

function decisionInWords(decision) {
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

/**
 * True if a clip is already as a change would make it, by another reviewer's hand.
 * @param {PendingChange} change @param {Clip|null} clip null: gone
 */
export function hasComeTrue(change, clip) {
  if (!clip) return change.kind === "deleted";
  if (change.kind === "decision") return clip.decision?.decision === change.decision && !change.note;
  if (change.kind !== "version") return false;
  return (!change.ranges || sameRanges(change.ranges, clip.ranges)) && (!change.title || change.title === clip.title);
}

/** The label of a button that makes refused changes after all. @param {PendingChange[]} changes */
export function labelAnyway(changes) {
  if (changes.some((c) => c.kind === "deleted")) return "Remove anyway";
  const decision = changes.find((c) => c.kind === "decision");
  if (changes.some((c) => c.kind === "version" && c.ranges)) return decision ? "Do mine anyway" : "Use my edges";
  if (!decision) return "Do mine anyway";
  return { approved: "Approve anyway", rejected: "Reject anyway", withdrawn: "Take it back anyway" }[decision.decision] ?? `${STATUS.changes_requested.sign} Ask anyway`;
}
