// The reviewer's name: asked for once, kept in this browser, sent with every decision.

import { make, setText } from "../dom.js";

const PLACE = "clipper.reviewer";
const NAME_CHARS = 80;

export class Names {
  /** @param {any} desk */
  constructor(desk) {
    this.desk = desk;
    this.button = desk.find(".who");
    this.dialog = desk.find(".name-dialog");
    this.input = this.dialog.querySelector("input");
    /** @type {null | (() => void)} an action that waits for a name */
    this.waiting = null;
    desk.store.pending.reviewer = this.storedName();
    this.button.addEventListener("click", () => this.show());
    this.dialog.querySelector("form").addEventListener("submit", (event) => this.submit(event));
    this.dialog.querySelector(".name-close").addEventListener("click", () => this.dialog.close());
    this.dialog.addEventListener("close", () => this.closed());
    this.draw();
  }

  storedName() {
    try {
      return nameOf(localStorage.getItem(PLACE) ?? "");
    } catch {
      return "";
    }
  }

  /** Run something that needs a name: now, or once there is one. @param {() => void} run */
  then(run) {
    if (this.desk.store.pending.reviewer) return run();
    this.waiting = run;
    this.show();
  }

  show() {
    this.input.value = this.desk.store.pending.reviewer;
    if (!this.dialog.open) this.dialog.showModal();
    this.input.select();
  }

  /** @param {Event} event */
  submit(event) {
    event.preventDefault();
    const name = nameOf(this.input.value);
    if (!name) return;
    this.desk.store.pending.reviewer = name;
    try {
      localStorage.setItem(PLACE, name);
    } catch {
      // a browser that keeps nothing asks again next time
    }
    this.draw();
    this.report();
    const run = this.waiting;
    this.dialog.close();
    run?.();
  }

  closed() {
    this.waiting = null;
    this.desk.focusQuietly();
  }

  draw() {
    const { reviewer } = this.desk.store.pending;
    this.button.hidden = false;
    setText(this.button, "");
    const name = make("span", "who-name", reviewer ? `Reviewing as ${reviewer}` : "Your name");
    this.button.append(name);
    this.button.title = "Your name stands beside each of your decisions";
  }

  // clips made on the page around the desk carry the name too
  report() {
    const { store, component } = this.desk;
    if (store.pending.reviewer) component.setStateValue("reviewer", store.pending.reviewer);
  }
}

/** A typed name without line breaks and control characters, not too long. @param {string} text */
function nameOf(text) {
  return text.replace(/[\s\p{C}]+/gu, " ").trim().slice(0, NAME_CHARS);
}
