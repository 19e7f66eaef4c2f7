// Between the desk and the Streamlit page: what each reports to the other, and what a reload keeps.

/** @typedef {{project_id: string, clip_id: string|null}} DeskData */

const REPORT_AFTER_MS = 300; // so that arrowing through many clips is one report
const RESTED_AFTER_MS = 1_800; // without a key, a click or a turn of the wheel
const ECHO_MS = 2_500; // longer than a script run takes, after which the page may send back what it was told

export class StreamlitBridge {
  /** @param {any} desk */
  constructor(desk) {
    this.desk = desk;
    this.requested = desk.data.clip_id;
    /** @type {Map<string, number>} */
    this.reportedAt = new Map();
    this.timer = 0;
    this.echoes = false;
    this.isReady = false;
    this.resting = 0;
    this.rests = 0;
  }

  /** The desk can be worked with. The rest of the page is drawn when the reviewer rests. */
  ready() {
    if (this.isReady) return;
    this.isReady = true;
    this.desk.component.setStateValue("rested", 0);
    this.desk.names.report();
    this.stir();
  }

  /** The reviewer did something, or clips changed: they rest some time after that. */
  stir() {
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.rest(), RESTED_AFTER_MS);
  }

  // Drawing the plot below keeps the browser busy for up to half a second. That must not fall into playing, which has to
  // stop in time, nor between two keys.
  rest() {
    if (this.desk.player.playing) return this.stir();
    if (!this.isReady) return;
    this.rests += 1;
    this.desk.component.setStateValue("rested", this.rests);
  }

  /** A script run mounted the desk again: only what is new in its data counts. @param {any} component */
  rerun(component) {
    const { desk } = this;
    const { clip_id: id } = component.data;
    desk.component = component;
    desk.data = component.data;
    desk.recolour();
    if (id === this.requested) return;
    this.requested = id;
    if (!id || this.isEcho(id) || id === desk.store.selectedId) return;
    if (desk.store.project.clip(id)) desk.open(id);
    else this.openWhenThere(id);
  }

  /**
   * Whether a clip from the page only echoes what the desk reported a moment ago; the reviewer may be a clip further now.
   * Only pages that echoed before are distrusted: from others, every change is a request.
   * @param {string} id
   */
  isEcho(id) {
    const recent = performance.now() - (this.reportedAt.get(id) ?? -Infinity) < ECHO_MS;
    if (recent && id === this.desk.store.selectedId) this.echoes = true;
    return recent && this.echoes;
  }

  // the page made this clip a moment ago, so the desk may not have read it yet
  async openWhenThere(id) {
    const { store } = this.desk;
    await store.polling.now();
    if (!store.project.clip(id)) await store.project.readClips().catch(() => {});
    if (store.project.clip(id) && this.requested === id) this.desk.open(id);
  }

  /** @param {string} id */
  report(id) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.reportedAt.set(id, performance.now());
      this.desk.component.setStateValue("clip", id);
    }, REPORT_AFTER_MS);
  }

  get key() {
    return `clipper.desk.${this.desk.data.project_id}`;
  }

  remember() {
    const value = { clip: this.desk.store.selectedId, asked: this.requested };
    try {
      sessionStorage.setItem(this.key, JSON.stringify(value));
    } catch {
      // a browser that keeps nothing: the desk opens at the first undecided clip
    }
  }

  /** @returns {{clip: string|null, asked: string|null}|null} */
  remembered() {
    try {
      return JSON.parse(sessionStorage.getItem(this.key) ?? "null");
    } catch {
      return null;
    }
  }
}
