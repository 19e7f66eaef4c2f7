// All uploads of this browser tab. They outlive the component, which Streamlit may mount again or remove.

import { isCaptions, lengthOf, refusal, stems } from "./files.js";
import { fingerprint, ledger } from "./ledger.js";
import { Transfer } from "./transfer.js";

const AT_ONCE = 2; // more at a time only makes each of them later
const ALONE = (name) => `${name} is a caption file. Choose its recording first, or drop it on its recording.`;

export class Uploads {
  constructor() {
    /** @type {Transfer[]} */
    this.transfers = [];
    this.listeners = new Set(); // called with nothing when something changed, with a transfer when it is done
    this.choices = null; // what a person chose beside the drop area
    window.addEventListener("beforeunload", (event) => {
      if (this.transfers.some((t) => t.isActive)) event.preventDefault();
    });
    window.addEventListener("storage", () => this._tell());
  }

  get isBusy() {
    return this.transfers.some((t) => t.isActive);
  }

  /** Uploads begun before a reload, which wait for the user to choose their file again. */
  get unfinished() {
    return ledger.unfinished(new Set(this.transfers.map((t) => t.print)));
  }

  /**
   * Takes files in: recordings are uploaded, captions go to their recording. Returns sentences about refused files.
   * @param {File[]} files @param {import("./files.js").Rules & {uploads_url: string, piece_bytes: number}} rules
   * @param {Record<string, string>} wishes @returns {string[]}
   */
  add(files, rules, wishes) {
    const captions = files.filter((file) => isCaptions(file, rules));
    const notices = files.filter((file) => !captions.includes(file)).map((file) => this._addOne(file, rules, wishes));
    notices.push(...captions.map((file) => this._match(file, rules)));
    this._next();
    return notices.filter(Boolean);
  }

  /** @param {Transfer} transfer @param {File} file @returns {string} the error, or an empty string */
  addCaptions(transfer, file, rules) {
    if (!isCaptions(file, rules)) return `${file.name} is not a caption file. Choose an SRT or VTT file.`;
    if (file.size > 5 * 2 ** 20) return `${file.name} is too large to be a caption file. Choose an SRT or VTT file.`;
    transfer.addCaptions(file);
    return "";
  }

  pause(transfer) {
    transfer.pause();
    this._next();
  }

  resume(transfer) {
    transfer.queue();
    this._next();
  }

  remove(transfer) {
    transfer.cancel();
    this.transfers = this.transfers.filter((t) => t !== transfer);
    this._tell();
    this._next();
  }

  /** Gives up an upload begun before a reload. */
  forget(print, url) {
    ledger.forget(print);
    fetch(url, { method: "DELETE", headers: { "Tus-Resumable": "1.0.0" } }).catch(() => {}); // it is swept in time
    this._tell();
  }

  _addOne(file, rules, wishes) {
    const known = this.transfers.find((t) => t.print === fingerprint(file) && t.state !== "done");
    if (known?.isActive) return `${file.name} is already being uploaded.`;
    if (known) this.transfers = this.transfers.filter((t) => t !== known);
    const changed = () => this._changed(transfer);
    const transfer = new Transfer(file, { url: rules.uploads_url, pieceBytes: rules.piece_bytes, wishes, changed });
    transfer.captions = known?.captions ?? null;
    this.transfers.push(transfer);
    const sentence = refusal(file, rules);
    if (sentence) {
      transfer.refuse(sentence);
      return "";
    }
    lengthOf(file).then((seconds) => {
      transfer.seconds = seconds;
      this._tell();
    });
    return "";
  }

  /** Adds captions to the recording of the same name, or to the only one without; returns the error, if any. */
  _match(file, rules) {
    const open = this.transfers.filter((t) => !["done", "refused"].includes(t.state));
    const names = stems(file.name);
    const named = names.map((name) => open.find((t) => stems(t.file.name)[0] === name)).find(Boolean);
    const bare = open.filter((t) => t.captions === null);
    const transfer = named ?? (bare.length === 1 ? bare[0] : null);
    return transfer ? this.addCaptions(transfer, file, rules) : ALONE(file.name);
  }

  _changed(transfer) {
    if (transfer.state === "done" && !transfer.announced) {
      transfer.announced = true;
      this._tell(transfer);
    }
    this._tell();
  }

  _tell(done) {
    for (const listener of this.listeners) listener(done);
  }

  _next() {
    const free = AT_ONCE - this.transfers.filter((t) => t.isActive && t.state !== "waiting").length;
    const waiting = this.transfers.filter((t) => t.state === "waiting");
    for (const transfer of waiting.slice(0, Math.max(0, free))) {
      transfer.run().finally(() => this._next());
    }
    this._tell();
  }
}

/** The one instance of this tab, for every script run. @returns {Uploads} */
export function theUploads() {
  const name = Symbol.for("clipper.uploads");
  window[name] ??= new Uploads();
  return window[name];
}
