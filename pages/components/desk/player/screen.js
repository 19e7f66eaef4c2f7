// The head of the desk, the screen with its waiting states, and the transport under it.

import { setText } from "../dom.js";
import { STATUS, clock, length, percent } from "../rules/format.js";
import { lengthOf } from "../rules/rules.js";
import { isWorking } from "../rules/status.js";

const SPEEDS = [0.75, 1, 1.25, 1.5, 2];
const MAX_DOTS = 30;

export class Screen {
  /** @param {any} desk */
  constructor(desk) {
    this.desk = desk;
    const { find } = desk;
    this.now = find(".now");
    this.of = find(".of");
    this.play = find(".play");
    this.loop = find(".loop");
    this.speed = find(".speed");
    this.screen = find(".screen");
    this.waiting = find(".waiting");
    this.tallyKey = "";
    this.buttons();
  }

  buttons() {
    const { desk } = this;
    for (const speed of SPEEDS) this.speed.append(new Option(`${speed}\u00d7`, String(speed), speed === 1, speed === 1));
    this.speed.addEventListener("change", () => {
      desk.player.setSpeed(Number(this.speed.value));
      desk.focusQuietly();
    });
    this.play.addEventListener("click", () => desk.togglePlay());
    this.loop.addEventListener("click", () => desk.player.setLoop(!desk.player.loop));
    desk.find(".around").addEventListener("click", () => desk.audition.next());
    desk.find(".media").addEventListener("click", () => desk.togglePlay());
    desk.find(".picture").addEventListener("click", () => desk.togglePlay());
    desk.find(".media").addEventListener("error", () => this.mediaFailed());
  }

  mediaFailed() {
    if (!this.desk.player.video.getAttribute("src")) return;
    const text = "This browser can't play the recording. Trimming and decisions still work.";
    this.desk.store.notices.say({ text, tone: "error", stays: true, action: { label: "Try again", run: () => this.desk.player.video.load() } });
  }

  /** Draw what changes while playing. */
  frame() {
    const { player, store } = this.desk;
    const at = player.time;
    setText(this.now, clock(at));
    const span = store.span;
    const inside = span && at >= span.start_s - 0.01 && at <= span.end_s + 0.01;
    setText(this.of, inside ? `${clock(at - span.start_s)} of ${length(lengthOf(store.pending.rangesOf(store.selected)))}` : "");
  }

  /** Draw what changes when playing starts or stops. */
  state() {
    const { player } = this.desk;
    const playing = player.playing;
    this.play.classList.toggle("on", playing);
    this.play.setAttribute("aria-label", playing ? "Pause (Space)" : "Play (Space)");
    this.loop.setAttribute("aria-pressed", String(player.loop));
    const shuttle = player.shuttle;
    setText(this.desk.find(".shuttle"), shuttle && shuttle !== 1 ? `${shuttle}\u00d7` : "");
  }

  /** @param {Set<string>} topics */
  update(topics) {
    if (topics.has("project")) this.project();
    if (topics.has("clips") || topics.has("draft") || topics.has("project")) this.tally();
    if (topics.has("project") || topics.has("map") || topics.has("clips")) this.work();
  }

  project() {
    const { desk } = this;
    const { info: project } = desk.store.project;
    setText(desk.find(".title-text"), project?.title || project?.filename || "");
    setText(desk.find(".title-length"), desk.store.project.duration ? clock(desk.store.project.duration, 0) : "");
    const player = project?.player ?? null;
    desk.isAudio = player?.kind === "audio";
    this.screen.dataset.kind = player ? player.kind : "none";
    if (player) desk.player.load(player.url);
    if (project?.frame_rate) desk.player.frame = 1 / project.frame_rate;
    this.waiting.hidden = Boolean(player);
    if (!player) this.wait();
    for (const button of [this.play, this.loop, desk.find(".around"), desk.find(".captions-toggle"), this.speed]) button.disabled = !player;
  }

  /** Show what is being done before there is anything to play. */
  wait() {
    const { info: project, trouble } = this.desk.store.project;
    const [lead, more] = waitingText(project, trouble);
    setText(this.waiting.querySelector(".lead"), lead);
    setText(this.waiting.querySelector(".more"), more);
    const working = project && isWorking(project);
    this.bar(this.waiting.querySelector(".bar"), working ? project.progress : null, Boolean(working));
  }

  bar(bar, progress, shown) {
    bar.hidden = !shown;
    bar.classList.toggle("unknown", shown && (progress === null || progress === undefined));
    bar.firstElementChild.style.width = `${Math.round((progress ?? 0) * 100)}%`;
    if (shown && progress !== null && progress !== undefined) bar.setAttribute("aria-valuenow", String(Math.round(progress * 100)));
  }

  /** Show what is being done while the desk is open. */
  work() {
    const { info: project, map } = this.desk.store.project;
    const line = this.desk.find(".work");
    const working = project && isWorking(project);
    const failed = project?.state === "failed";
    const cancelled = project?.state === "cancelled";
    line.hidden = !(project?.player && (working || failed || cancelled));
    if (line.hidden) return;
    line.dataset.tone = failed ? "error" : "info";
    const usable = map ? "You can already listen, trim and make clips." : "You can already listen.";
    const doing = [project.stage_label || "Waiting for a worker", percent(project.progress)].filter(Boolean).join(" ");
    const text = working ? `${doing}. ${usable}` : failed ? project.error?.message : "Processing was cancelled. What is here stays usable.";
    setText(line.querySelector(".work-text"), text || "Processing failed. What is here stays usable.");
    this.bar(line.querySelector(".bar"), project.progress, Boolean(working));
    const details = line.querySelector("details");
    details.hidden = !failed || !project.error?.code;
    setText(details.querySelector("code"), project.error?.code ?? "");
  }

  /** Show how far the review is: in words, and as a dot for each clip, or a bar where there are many. */
  tally() {
    const { store } = this.desk;
    const clips = store.project.clips ?? [];
    /** @type {Record<string, number>} */
    const counts = {};
    for (const clip of clips) {
      const status = store.pending.statusOf(clip);
      counts[status] = (counts[status] ?? 0) + 1;
    }
    const more = Boolean(store.project.info && isWorking(store.project.info));
    const key = JSON.stringify([counts, more]);
    if (key === this.tallyKey) return;
    this.tallyKey = key;
    const parts = ["approved", "changes_requested", "rejected", "proposed"].filter((status) => counts[status]);
    const words = parts.map((status) => `${counts[status]} ${status === "proposed" ? "to decide" : STATUS[status].word}`).join(", ");
    setText(this.desk.find(".tally-text"), tallyText(clips.length, clips.length - (counts.proposed ?? 0), more));
    setText(this.desk.find(".tally-words"), words && ` (${words})`);
    this.desk.find(".tally").title = words;
    const dots = this.desk.find(".dots");
    dots.classList.toggle("many", clips.length > MAX_DOTS);
    dots.replaceChildren(...parts.flatMap((status) => dotsOf(status, counts[status], clips.length > MAX_DOTS)));
  }
}

function tallyText(all, decided, more) {
  if (!all) return "";
  if (decided < all) return `${decided} of ${all} decided`;
  return more ? `All ${all} decided so far; more are being proposed` : `All ${all} decided`;
}

/** A dot for each clip of a status, or one piece of a bar for all of them. */
function dotsOf(status, count, asBar) {
  const dot = () => Object.assign(document.createElement("i"), { className: status });
  if (!asBar) return Array.from({ length: count }, dot);
  const piece = dot();
  piece.style.flexGrow = String(count);
  return [piece];
}

/** @returns {[string, string]} */
function waitingText(project, trouble) {
  if (trouble) return ["The desk can't open this recording.", trouble];
  if (!project) return ["Opening the recording\u2026", ""];
  if (project.state === "failed") return [project.error?.message || "This recording could not be prepared.", "It is safe. Retry it on the jobs page."];
  if (project.state === "cancelled") return ["Processing was cancelled.", "Start it again on the jobs page."];
  if (!isWorking(project)) return ["Nothing to play yet.", "Start processing to open this recording."];
  const doing = [project.stage_label || "Waiting for a worker", percent(project.progress)].filter(Boolean).join(" ");
  const more = project.map_revision
    ? "Your browser can't play the source, so a preview is being made. It opens here by itself."
    : "The recording opens here by itself as soon as its silences are mapped.";
  return [doing, more];
}
