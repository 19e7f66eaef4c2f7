// The status of a clip by its decisions, and whether work on something goes on.

/** @typedef {import("../state/api.js").Clip} Clip */
/** @typedef {import("./format.js").Status} Status */

/**
 * The decisions that stand, oldest first: each withdrawal takes back the newest that still stood.
 * @template {{decision?: string}} D @param {D[]} decisions on one version, in their order @returns {D[]}
 */
export function standingDecisions(decisions) {
  const standing = [];
  for (const one of decisions) {
    if (one.decision === "withdrawn") standing.pop();
    else standing.push(one);
  }
  return standing;
}

/**
 * A clip's status once these changes are stored. Decisions belong to one version, so a new version starts with none.
 * @param {Clip} clip @param {{kind: string, decision?: string}[]} [changes] in their order @returns {Status}
 */
export function statusAfter(clip, changes = []) {
  const recorded = clip.decisions ?? (clip.decision ? [clip.decision] : []);
  const own = recorded.filter((d) => d.version === undefined || d.version === clip.version);
  const newVersion = changes.findLastIndex((change) => change.kind === "version");
  const made = changes.slice(newVersion + 1).filter((change) => change.kind === "decision");
  const standing = standingDecisions(newVersion < 0 ? [...own, ...made] : made);
  return /** @type {Status} */ (standing.at(-1)?.decision ?? "proposed");
}

/** True if a project or a render waits for a worker, or has one. @param {{state: string}} thing */
export function isWorking(thing) {
  return thing.state === "queued" || thing.state === "running";
}
