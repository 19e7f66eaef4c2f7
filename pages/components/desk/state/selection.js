// The open clip.

export class Selection {
  /** @param {import("./project_state.js").ProjectState} project @param {import("./topics.js").Topics} topics */
  constructor(project, topics) {
    this.project = project;
    this.topics = topics;
    /** @type {string|null} */
    this.id = null;
    /** Called before another clip is opened, with the one that is open. @type {(id: string) => void} */
    this.onLeave = () => {};
  }

  get clip() {
    return this.project.clip(this.id);
  }

  /** @param {string|null} id */
  select(id) {
    if (id === this.id) return;
    if (this.id) this.onLeave(this.id);
    this.id = id;
    this.topics.tell("selection", "clips");
  }

  /** The open clip leaves the list: its neighbour is opened. @param {string|null} id */
  moveTo(id) {
    this.id = id; // what is under the hand on a clip that is gone is not saved, so this is no `select`
    this.topics.tell("selection");
  }
}
