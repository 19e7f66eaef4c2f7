// One upload by the tus protocol, which goes on over lost connections until every byte has arrived.

import { shortName } from "./files.js";
import { fingerprint, ledger } from "./ledger.js";

const VERSION = "1.0.0";
const DELAYS_S = [1, 2, 4, 8, 15];
const SILENT_MS = 60_000; // a piece of which nothing has moved for so long is sent again
const SPEED_OVER_MS = 6_000;
const PASSING = new Set([0, 408, 409, 423, 425, 429, 460]); // these, and 5xx but a full disk, are tried again

/** An error of a request. Those marked `passing` are tried again by themselves. */
class Trouble extends Error {
  constructor(message, { status = 0, code = "" } = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.passing = PASSING.has(status) || (status >= 500 && status !== 507 && status !== 501);
  }
}

const UNREACHABLE = "The connection was lost.";
const UNFORESEEN = "Something went wrong in this page. Press Retry, or reload the page and choose the file again.";
const UNREADABLE = "This file was moved or changed while it was uploaded. Choose it again to continue.";

function base64(text) {
  let bytes = "";
  for (const byte of new TextEncoder().encode(text)) bytes += String.fromCharCode(byte);
  return btoa(bytes);
}

function troubleOf(request) {
  let problem = {};
  try {
    problem = JSON.parse(request.responseText) ?? {};
  } catch {
    // a proxy's page, or nothing: only the status says more
  }
  const plain = `The server refused this upload (${request.status}). Reload the page and try again.`;
  return new Trouble(problem.detail || plain, { status: request.status, code: problem.code });
}

/** One request; resolves with the finished XMLHttpRequest, or rejects with Trouble or the signal's reason. */
function ask(method, url, { headers = {}, body = null, signal, progress = () => {} }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let silence;
    const listen = () => {
      clearTimeout(silence);
      silence = setTimeout(() => request.abort(), SILENT_MS);
    };
    const abort = () => request.abort();
    const over = (settle, value) => {
      clearTimeout(silence);
      signal?.removeEventListener("abort", abort);
      settle(value);
    };
    request.open(method, url);
    request.setRequestHeader("Tus-Resumable", VERSION);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => {
      listen();
      progress(event.loaded);
    };
    request.onload = () => (request.status < 300 ? over(resolve, request) : over(reject, troubleOf(request)));
    request.onerror = () => over(reject, new Trouble(UNREACHABLE));
    request.onabort = () => over(reject, signal?.aborted ? signal.reason : new Trouble(UNREACHABLE));
    if (signal?.aborted) return over(reject, signal.reason);
    signal?.addEventListener("abort", abort);
    listen();
    request.send(body);
  });
}

/** Waits that long, or until the browser reports that it is online again. */
function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const over = (settle, value) => {
      clearTimeout(timer);
      window.removeEventListener("online", wake);
      signal.removeEventListener("abort", stop);
      settle(value);
    };
    const wake = () => over(resolve);
    const stop = () => over(reject, signal.reason);
    const timer = setTimeout(wake, ms);
    window.addEventListener("online", wake);
    signal.addEventListener("abort", stop);
  });
}

export class Transfer {
  /**
   * @param {File} file
   * @param {{url: string, pieceBytes: number, wishes: Record<string, string>, changed: () => void}} options
   */
  constructor(file, { url, pieceBytes, wishes, changed }) {
    this.file = file;
    this.print = fingerprint(file);
    this.state = "waiting"; // uploading, retrying, paused, failed, refused, done
    this.message = "";
    this.sent = 0; // shown: what is safe and what is under way
    this.offset = 0; // safe
    this.seconds = null; // how long the recording lasts, once known
    this.projectId = null;
    this.captions = null; // {file, state: "waiting"|"sent"|"bad", message}
    this.retryAt = 0;
    this._collection = url;
    this._pieceBytes = pieceBytes;
    this._wishes = wishes;
    this._changed = changed;
    this._url = ledger.find(this.print)?.url ?? null;
    this._samples = [];
    this._failures = 0;
    this._stop = null;
  }

  get size() {
    return this.file.size;
  }

  get isActive() {
    return ["waiting", "uploading", "retrying"].includes(this.state);
  }

  /** Bytes a second over the last few seconds; 0 while unknown. */
  get speed() {
    const first = this._samples[0];
    const last = this._samples.at(-1);
    const ms = first ? last.at - first.at : 0;
    return ms >= 500 ? ((last.sent - first.sent) * 1000) / ms : 0;
  }

  /** Sends until everything has arrived, the upload is stopped, or an error is final. Never rejects. */
  async run() {
    const stop = new AbortController();
    this._stop = stop;
    this._failures = 0;
    while (this._stop === stop && this.state !== "done") {
      try {
        this._become("uploading");
        await this._send(stop.signal);
      } catch (trouble) {
        if (stop.signal.aborted) return;
        await this._recover(trouble, stop.signal).catch(() => {});
        if (this.state === "failed") return;
      }
    }
  }

  /** Pauses. The server keeps the bytes it has, so the shown progress stays right. */
  pause() {
    this._halt();
    this._become("paused");
  }

  queue() {
    this._become("waiting");
  }

  refuse(sentence) {
    this._become("refused", sentence);
  }

  /** Cancels, and deletes the upload on the server. */
  cancel() {
    this._halt();
    if (this.state === "done") return;
    ledger.forget(this.print);
    if (this._url) ask("DELETE", this._url, {}).catch(() => {}); // the server forgets it by itself in time
    this._url = null;
  }

  /** @param {File} file captions that belong to this recording */
  addCaptions(file) {
    this.captions = { file, state: "waiting", message: "" };
    this._changed();
  }

  _halt() {
    this._stop?.abort(new Trouble("stopped"));
    this._stop = null;
    this._samples = [];
  }

  _become(state, message = "") {
    this.state = state;
    this.message = message;
    this._changed();
  }

  async _recover(trouble, signal) {
    const passing = trouble.passing || this._wasForgotten(trouble);
    const readable = await this.file.slice(0, 1).arrayBuffer().then(() => true, () => false);
    if (signal.aborted) return;
    if (!readable) return this._become("failed", UNREADABLE);
    if (!passing) return this._become("failed", trouble instanceof Trouble ? trouble.message : UNFORESEEN);
    this.sent = this.offset;
    this._samples = [];
    const wait_s = DELAYS_S[Math.min(this._failures, DELAYS_S.length - 1)];
    this._failures += 1;
    this.retryAt = Date.now() + wait_s * 1000;
    this._become("retrying", trouble.message);
    await pause(wait_s * 1000, signal);
  }

  /** Begins again, because the server no longer knows this upload. */
  _wasForgotten(trouble) {
    if (trouble.code !== "upload_not_found" && trouble.status !== 410) return false;
    this._begin(null);
    return this._failures < DELAYS_S.length;
  }

  async _send(signal) {
    if (this._url) await this._find(signal);
    if (!this._url) await this._create(signal);
    while (this.state !== "done") {
      await this._sendCaptions(signal);
      await this._sendPiece(signal);
    }
  }

  async _find(signal) {
    try {
      this._heard(await ask("HEAD", this._url, { signal }));
    } catch (trouble) {
      if (trouble.status !== 404 && trouble.status !== 410) throw trouble;
      this._begin(null);
    }
  }

  async _create(signal) {
    const described = { filename: shortName(this.file.name), filetype: this.file.type, ...this._wishes };
    const pairs = Object.entries(described).filter(([, value]) => value !== "");
    const metadata = pairs.map(([key, value]) => `${key} ${base64(String(value))}`).join(",");
    const headers = { "Upload-Length": String(this.size), "Upload-Metadata": metadata };
    const answer = await ask("POST", this._collection, { headers, signal });
    this._begin(new URL(answer.getResponseHeader("Location"), new URL(this._collection, location.href)).pathname);
    this._heard(answer);
  }

  async _sendPiece(signal) {
    if (this.state === "done") return;
    const at = this.offset;
    const body = this.file.slice(at, at + this._pieceBytes);
    const headers = { "Upload-Offset": String(at), "Content-Type": "application/offset+octet-stream" };
    const answer = await ask("PATCH", this._url, { headers, body, signal, progress: (n) => this._moved(at + n) });
    this._heard(answer);
    if (this.state !== "done" && this.offset <= at) throw new Trouble("The server did not keep a piece.");
    this._failures = 0;
  }

  async _sendCaptions(signal) {
    const captions = this.captions;
    if (captions?.state !== "waiting") return;
    try {
      await ask("PUT", `${this._url}/captions`, { body: captions.file, signal });
      captions.state = "sent";
    } catch (trouble) {
      const again = trouble.passing && (trouble.status < 500 || this._failures < 3);
      if (signal.aborted || again || trouble.code === "upload_not_found") throw trouble;
      captions.state = "bad"; // the recording itself goes on
      captions.message = trouble.message;
    }
    this._changed();
  }

  _begin(url) {
    this._url = url;
    this.offset = this.sent = 0;
    if (this.captions?.state === "sent") this.captions.state = "waiting";
    if (url === null) ledger.forget(this.print);
  }

  /** Takes over the offset that the server reports. */
  _heard(answer) {
    this.offset = this.sent = Number(answer.getResponseHeader("Upload-Offset") ?? this.offset);
    this.projectId = answer.getResponseHeader("Clipper-Project-Id");
    if (this.projectId) {
      ledger.forget(this.print);
      this._become("done");
      return;
    }
    ledger.keep(this.print, { url: this._url, name: this.file.name, size: this.size, offset: this.offset });
    this._changed();
  }

  _moved(sent) {
    const at = performance.now();
    this.sent = Math.min(sent, this.size);
    this._samples = [...this._samples.filter((s) => at - s.at < SPEED_OVER_MS), { at, sent: this.sent }];
    this._changed();
  }
}
