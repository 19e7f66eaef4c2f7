// Shows one message at a time. Those with something to do stay longer, failures until they are dealt with.

import { setText } from "../dom.js";

const SHORT_MS = 5_000;
const LONG_MS = 9_000;

export class Messages {
  /** @param {any} desk */
  constructor(desk) {
    this.desk = desk;
    this.toast = desk.find(".toast");
    this.text = desk.find(".toast-text");
    this.action = desk.find(".toast-action");
    this.timer = 0;
    this.action.addEventListener("click", () => {
      const run = desk.store.notices.current?.action?.run;
      this.hide();
      run?.();
      desk.focusQuietly();
    });
    desk.find(".toast-close").addEventListener("click", () => {
      this.hide();
      desk.focusQuietly();
    });
    this.toast.addEventListener("pointerenter", () => clearTimeout(this.timer));
    this.toast.addEventListener("pointerleave", () => this.wait());
    this.toast.addEventListener("focusin", () => clearTimeout(this.timer));
    this.toast.addEventListener("focusout", () => this.wait());
  }

  hide() {
    this.desk.store.notices.dismiss();
  }

  /** @param {Set<string>} topics */
  update(topics) {
    if (topics.has("message")) this.show(this.desk.store.notices.current);
  }

  /** @param {import("../state/notices.js").Message|null} message */
  show(message) {
    clearTimeout(this.timer);
    this.toast.classList.toggle("shown", Boolean(message));
    setText(this.text, message?.text ?? "");
    if (!message) return;
    this.toast.dataset.tone = message.tone;
    this.action.hidden = !message.action;
    if (message.action) {
      setText(this.action.querySelector("span"), message.action.label);
      setText(this.action.querySelector("kbd"), message.action.key ?? "");
    }
    this.wait();
  }

  wait() {
    clearTimeout(this.timer);
    const { current: message } = this.desk.store.notices;
    if (!message || message.stays) return;
    this.timer = setTimeout(() => this.hide(), message.action || message.tone === "error" ? LONG_MS : SHORT_MS);
  }
}
