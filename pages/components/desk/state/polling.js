// Looks at the project again and again: often while something is expected to change, seldom while the page is hidden.

const BUSY_MS = 2_000;
const QUIET_MS = 6_000;
const HIDDEN_MS = 60_000; // the page looks at once when it is shown again

export class Polling {
  /** @param {import("./project_state.js").ProjectState} project @param {import("./outbox.js").Outbox} outbox */
  constructor(project, outbox) {
    this.project = project;
    this.outbox = outbox;
    this.timer = 0;
    /** @type {Promise<void>|null} the look under way */
    this.looking = null;
    this.closed = false;
  }

  /** Look now, and go on from there. A call during a look gets that one. @returns {Promise<void>} */
  now() {
    clearTimeout(this.timer);
    this.looking ??= this.look().finally(() => {
      this.looking = null;
      if (!this.closed) this.timer = setTimeout(() => this.now(), this.waitMs);
    });
    return this.looking;
  }

  // an answer shows that the server is there again: what got none is sent once more
  async look() {
    if (await this.project.look()) this.outbox.retry();
  }

  get waitMs() {
    if (document.hidden && !this.outbox.isStuck) return HIDDEN_MS;
    return this.project.isBusy ? BUSY_MS : QUIET_MS;
  }

  end() {
    this.closed = true;
    clearTimeout(this.timer);
  }
}
