// The HTTP API as the desk uses it: of the same origin, in JSON, with times in seconds.

/** @typedef {{at_s: number, side: "in"|"out", silence_start_s: number|null, silence_end_s: number|null,
 *   level_db: number|null, gap_to_word_ms: number|null, sentence_boundary: boolean|null,
 *   grade: "clean"|"fair"|"poor", reason: string}} Cut */
/** @typedef {{decision: string, reason: string|null, note: string|null, by: string, at: string, version: number,
 *   carried_from?: number|null}} Decision */
/** @typedef {{id: string, title: string, reasons: string[], rank: number|null, origin: string,
 *   status: import("../rules/format.js").Status, version: number, start_s: number, end_s: number,
 *   ranges: import("../rules/rules.js").Range[], cuts: Cut[], alternatives: import("../rules/rules.js").Range[],
 *   decision: Decision|null, decisions?: Decision[],
 *   versions?: {number: number, by: string, at: string}[], carry_from?: number|null, words_changed?: boolean,
 *   render: {id: string, state: string, progress: number|null, url: string|null,
 *   download_url?: string|null}|null, changed_by?: string, etag: string, notes?: Note[]}} Clip */
/** @typedef {{id: string, at_s: number|null, text: string, by: string, at: string, resolved_by: string|null,
 *   resolved_at: string|null, replies: {id: string, text: string, by: string, at: string}[]}} Note `at_s` of the recording */
/** @typedef {{text: string, start_s: number, end_s: number, timed: boolean}} Word */
/** @typedef {{revision: string, engine: string, language: string, draft: boolean, words: Word[],
 *   sentences: {first_word: number, last_word: number}[]}} Transcript */
/** @typedef {{revision: string, duration_s: number, threshold_db: number,
 *   silences: {start_s: number, end_s: number, level_db: number}[]}} SilenceMap */

const ANSWER_WITHIN_MS = 20_000;
const MAX_KEEPALIVE = 60_000; // bytes; browsers limit what is on its way with keepalive to 64 KiB

/** The server answered, and refused. */
export class Problem extends Error {
  /** @param {number} status @param {{title?: string, detail?: string, code?: string}} body */
  constructor(status, body) {
    super(body.detail || body.title || `The server answered ${status}.`);
    this.status = status;
    this.code = body.code ?? "";
  }
}

/** The server did not answer, or failed: the same request may work later. */
export class NoAnswer extends Error {}

/** @param {string} projectId @param {AbortSignal} gone ends reads (never writes) when the desk is taken down */
export function makeApi(projectId, gone) {
  const project = `/api/projects/${encodeURIComponent(projectId)}`;
  const clip = (id) => `/api/clips/${encodeURIComponent(id)}`;

  /** @param {string} path @param {RequestInit} [options] */
  async function ask(path, options) {
    let response;
    /** @type {any} */
    let body = {};
    try {
      response = await fetch(path, { cache: "no-store", credentials: "same-origin", ...options });
      body = response.status === 204 ? { etag: response.headers.get("ETag") } : await response.json();
    } catch (error) {
      if (gone.aborted) throw error;
      if (!response || response.ok) throw new NoAnswer("The server did not answer."); // or its answer broke off, or another server answered
    }
    if (response.status >= 500) throw new NoAnswer("The server could not do this just now.");
    if (!response.ok) throw new Problem(response.status, body);
    return body;
  }

  const read = (path) => ask(path, { signal: AbortSignal.any([gone, AbortSignal.timeout(ANSWER_WITHIN_MS)]) });

  let keptAlive = 0; // bytes on their way with keepalive

  // keepalive: a decision made in the last moment before the page is closed still arrives
  async function write(path, body, { etag = null, key = null, method = "POST" } = {}) {
    const text = body ? JSON.stringify(body) : "";
    const size = text.length * 3; // at most, as UTF-8
    const keepalive = keptAlive + size < MAX_KEEPALIVE;
    if (keepalive) keptAlive += size;
    const answer = ask(path, {
      method,
      keepalive,
      headers: {
        "Content-Type": "application/json",
        ...(etag ? { "If-Match": etag } : {}),
        ...(key ? { "Idempotency-Key": key } : {}),
      },
      ...(body ? { body: text } : {}),
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    return answer.finally(() => (keptAlive -= keepalive ? size : 0));
  }

  return {
    project: () => read(project),
    map: () => read(`${project}/silence-map`),
    transcript: () => read(`${project}/transcript`),
    clips: async () => (await read(`${project}/clips`)).clips,
    peaks: (from, to, points) =>
      read(`${project}/peaks?from=${from.toFixed(3)}&to=${to.toFixed(3)}&points=${Math.round(points)}`),
    create: (body, key) => write(`${project}/clips`, body, { key }),
    version: (id, etag, body, key) => write(`${clip(id)}/versions`, body, { etag, key }),
    decide: (id, etag, body, key) => write(`${clip(id)}/decisions`, body, { etag, key }),
    remove: (id, etag, by, key) =>
      write(`${clip(id)}?by=${encodeURIComponent(by)}`, null, { etag, key, method: "DELETE" }),
    restore: (id, etag, body, key) => write(`${clip(id)}/restore`, body, { etag, key }),
    listened: (ranges) => write(`${project}/listened`, { ranges }),
    split: (id, etag, body, key) => write(`${clip(id)}/split`, body, { etag, key }),
    merge: (id, etag, body, key) => write(`${clip(id)}/merge`, body, { etag, key }),
    captions: (id) => read(`${clip(id)}/captions`),
    cuts: (side, at, other) => read(`${project}/cuts?side=${side}&at=${at.toFixed(3)}&other=${other.toFixed(3)}`),
    correctWords: (revision, body, key) => write(`${project}/transcript/words`, body, { etag: `"${revision}"`, key }),
    replaceWords: (revision, body, key) => write(`${project}/transcript/replace`, body, { etag: `"${revision}"`, key }),
    restoreWords: (revision, body, key) => write(`${project}/transcript/restore`, body, { etag: `"${revision}"`, key }),
    note: (id, body, key) => write(`${clip(id)}/notes`, body, { key }),
    noteStep: (id, step, body, key) => write(`/api/notes/${encodeURIComponent(id)}/${step}`, body, { key }),
  };
}
