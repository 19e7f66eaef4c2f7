// Holds what the desk knows and wants, and joins it: project state, pending changes, commands, conflicts, history.

import { spanOf } from "../rules/rules.js";
import { Commands } from "./commands.js";
import { Conflicts } from "./conflicts.js";
import { History } from "./history.js";
import { Notices } from "./notices.js";
import { Outbox } from "./outbox.js";
import { PendingChanges } from "./pending.js";
import { Polling } from "./polling.js";
import { ProjectState } from "./project_state.js";
import { Selection } from "./selection.js";
import { Topics } from "./topics.js";
import { Undo } from "./undo.js";

export class Store {
  /** @param {ReturnType<typeof import("./api.js").makeApi>} api @param {string} projectId */
  constructor(api, projectId) {
    this.api = api;
    this.topics = new Topics();
    this.notices = new Notices(this.topics);
    this.project = new ProjectState(api, this.topics);
    this.selection = new Selection(this.project, this.topics);
    this.history = new History(projectId);
    this.outbox = new Outbox(api, projectId, this.outboxOwner);
    this.pending = new PendingChanges(this);
    this.commands = new Commands(this);
    this.conflicts = new Conflicts(this);
    this.undo = new Undo(this);
    this.polling = new Polling(this.project, this.outbox);
    this.selection.onLeave = (id) => this.pending.commit(id);
    this.project.onClips = (clips, isNews) => this.takeClips(clips, isNews);
  }

  /** @returns {import("./outbox.js").Owner} */
  get outboxOwner() {
    return {
      clip: (id) => this.project.clip(id),
      isHeld: (id) => this.pending.drafts.has(id),
      isValid: (id, change) => change.kind !== "call" || this.commands.isValid(id, change),
      send: (change, etag) => this.commands.send(change, etag),
      accept: (id, change, answer) => this.accept(id, change, answer),
      refuse: (id, lane, error) => this.conflicts.resolve(id, lane, error),
      onStuck: () => this.pending.sayNotSaved(),
      onFreed: () => this.pending.saySaved(),
      onChange: () => this.topics.tell("saving", "clips", "draft"),
    };
  }

  // --- the open clip

  get selected() {
    return this.selection.clip;
  }

  get selectedId() {
    return this.selection.id;
  }

  /** @param {string|null} id */
  select(id) {
    this.selection.select(id);
  }

  /** The open clip's first and last moment, as shown. */
  get span() {
    return this.selected ? spanOf(this.pending.rangesOf(this.selected)) : null;
  }

  // --- from the server

  /** @param {import("./api.js").Clip[]} clips @param {boolean} isNews */
  takeClips(clips, isNews) {
    const before = isNews ? this.selected : null;
    this.pending.adopt(clips);
    if (!this.selected) this.topics.tell("selection");
    const now = this.selected;
    if (before && now) this.conflicts.sayNews(before, now);
  }

  /** Take the answer to a change. @param {string} id @param {import("./outbox.js").PendingChange} change @param {any} answer */
  accept(id, change, answer) {
    this.project.writes += 1;
    if (change.kind === "call") return this.commands.accept(change, answer);
    this.pending.accept(id, change, answer);
    if (change.batch) this.conflicts.settle(change.batch);
    if (change.kind !== "deleted") this.topics.onStored(change.kind === "restored" ? "created" : change.kind, answer.id);
    return undefined;
  }

  // --- beginning and end

  /** Go on where this browser was. Every command has to be registered. */
  resume() {
    this.history.recall((call) => this.commands.isCall(call));
    this.outbox.resume();
    for (const id of this.outbox.lanes.keys()) if (this.pending.isLeaving(id)) this.pending.hidden.add(id); // removed before a reload
  }

  /** Send what waits and stop listening. */
  close() {
    this.pending.commitAll();
    this.outbox.close();
    this.project.closed = true;
    this.topics.closed = true;
    this.polling.end();
  }
}
