// The result of the review, once every clip is decided.

import { make, makeButton, makeSign } from "../dom.js";
import { REASONS, STATUS, length } from "../rules/format.js";
import { lengthOf } from "../rules/rules.js";
import { isWorking } from "../rules/status.js";

/** Reasons of rejections after a number: of one clip, of several. @type {Record<string, [string, string]>} */
const WHY = {
  no_context: ["needs context", "need context"],
  starts_late: ["starts late", "start late"],
  ends_weak: ["ends weakly", "end weakly"],
  duplicate: ["duplicate", "duplicates"],
  off_topic: ["off topic", "off topic"],
  other: ["other", "other"],
  "": ["without a reason", "without a reason"],
};

export class Summary {
  /** @param {any} desk */
  constructor(desk) {
    this.desk = desk;
    this.box = desk.find(".summary");
    this.drawnKey = "";
  }

  /** @param {Set<string>} topics */
  update(topics) {
    if (!["clips", "project", "draft", "summary"].some((topic) => topics.has(topic))) return;
    const { store } = this.desk;
    const clips = store.project.clips ?? [];
    const done = clips.length > 0 && clips.every((clip) => store.pending.statusOf(clip) !== "proposed");
    const over = done && store.project.info && !isWorking(store.project.info);
    this.box.hidden = !over || this.dismissed === this.outcome(clips);
    if (this.box.hidden) return;
    const { headline, files, changes } = this.contentOf(clips);
    const key = JSON.stringify([headline, files, changes]);
    if (key === this.drawnKey) return;
    this.drawnKey = key;
    this.draw(headline, files, changes);
  }

  /** The decision on each clip. As long as all are the same, a summary that was closed stays closed. */
  outcome(clips) {
    return clips.map((clip) => `${clip.id} ${this.desk.store.pending.statusOf(clip)} ${clip.version}`).join("\n");
  }

  contentOf(clips) {
    const { store } = this.desk;
    const by = (status) => clips.filter((clip) => store.pending.statusOf(clip) === status);
    const [approved, rejected, changes] = [by("approved"), by("rejected"), by("changes_requested")];
    const headline = [];
    if (approved.length) {
      const long = length(approved.reduce((sum, clip) => sum + lengthOf(store.pending.rangesOf(clip)), 0));
      headline.push(["approved", `${approved.length} approved`, long]);
    }
    if (changes.length) headline.push(["changes_requested", `${changes.length} to change`, ""]);
    if (rejected.length) headline.push(["rejected", `${rejected.length} rejected`, whyRejected(rejected.map((clip) => store.pending.decisionOf(clip)?.reason ?? ""))]);
    return { headline, files: filesText(approved), changes: changes.length };
  }

  draw(headline, files, changes) {
    const facts = make("ul", "summary-facts");
    for (const [status, text, more] of headline) {
      const item = make("li", "");
      item.dataset.status = status;
      item.append(makeSign(STATUS[status].sign), make("b", "", text));
      if (more) item.append(make("span", "summary-more", more));
      facts.append(item);
    }
    const links = make("div", "summary-links");
    if (files) links.append(make("span", "summary-files", files));
    if (changes) links.append(this.changesButton(changes));
    if (files) links.append(this.exportsLink());
    this.box.replaceChildren(make("h3", "", "Review done"), facts, links, this.closeButton());
  }

  changesButton(changes) {
    const text = changes === 1 ? "Look at the one to change" : `Look at the ${changes} to change`;
    return makeButton("quiet", text, () => {
      const { filters, store } = this.desk;
      filters.only({ status: ["changes_requested"] });
      if (!filters.passes(store.selected)) this.desk.open(filters.listed[0].id);
      this.desk.focusQuietly();
    });
  }

  exportsLink() {
    const link = make("a", "summary-exports", "Go to exports");
    link.href = `exports?project=${encodeURIComponent(this.desk.data.project_id)}`;
    link.target = "_self";
    return link;
  }

  closeButton() {
    const button = makeButton("icon summary-close", "\u2715", () => {
      this.dismissed = this.outcome(this.desk.store.project.clips ?? []);
      this.desk.store.topics.tell("summary");
      this.desk.focusQuietly();
    });
    button.setAttribute("aria-label", "Close the summary");
    return button;
  }

  get key() {
    return `clipper.desk.summary.${this.desk.data.project_id}`;
  }

  get dismissed() {
    try {
      return sessionStorage.getItem(this.key);
    } catch {
      return this.putAway ?? null; // a browser that keeps nothing: closed until the desk is opened again
    }
  }

  set dismissed(outcome) {
    this.putAway = outcome;
    try {
      sessionStorage.setItem(this.key, outcome);
    } catch {
      // as above
    }
  }
}

/** @param {string[]} reasons */
function whyRejected(reasons) {
  if (reasons.every((reason) => !reason)) return "";
  return [...REASONS.map(([code]) => code), ""]
    .map((code) => [code, reasons.filter((reason) => reason === code).length])
    .filter(([, count]) => count)
    .map(([code, count]) => `${count} ${WHY[code][count === 1 ? 0 : 1]}`)
    .join(", ");
}

/** The state of the files of approved clips, in words. @param {import("../state/api.js").Clip[]} approved */
function filesText(approved) {
  if (!approved.length) return "";
  const states = approved.map((clip) => clip.render?.state);
  const ready = states.filter((state) => state === "succeeded").length;
  const failed = states.filter((state) => state === "failed").length;
  if (ready === approved.length) return ready === 1 ? "The file is ready" : `All ${ready} files are ready`;
  const trouble = failed ? `, ${failed} failed` : "";
  return `${ready} of ${approved.length === 1 ? "1 file" : `${approved.length} files`} ready${trouble}`;
}
