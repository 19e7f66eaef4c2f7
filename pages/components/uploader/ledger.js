// The uploads this browser has begun, kept in its storage so that they can go on after a reload.

/** @typedef {{url: string, name: string, size: number, offset: number, at: number, tab: string}} Entry */

const LEDGER = "clipper.uploads";
const KEPT_MS = 7 * 24 * 3600 * 1000; // the server forgets them then, too
const ALIVE_MS = 20_000; // an entry another tab has touched since is being uploaded there

/** @param {File} file */
export function fingerprint(file) {
  return JSON.stringify([file.name, file.size, file.lastModified]);
}

function stored(storage, key) {
  try {
    return storage.getItem(key);
  } catch {
    return null; // storage may be forbidden; then an upload only can't go on after a reload
  }
}

function store(storage, key, value) {
  try {
    storage.setItem(key, value);
  } catch {
    // full or forbidden: see above
  }
}

function thisTab() {
  const known = stored(sessionStorage, LEDGER);
  if (known) return known;
  const fresh = String(Math.random()).slice(2);
  store(sessionStorage, LEDGER, fresh);
  return fresh;
}

/** @returns {Record<string, Entry>} */
function entries() {
  try {
    const all = JSON.parse(stored(localStorage, LEDGER) ?? "{}");
    const young = ([, entry]) => Date.now() - entry.at < KEPT_MS && typeof entry.url === "string";
    return Object.fromEntries(Object.entries(all).filter(young));
  } catch {
    return {};
  }
}

export const ledger = {
  /** @param {string} print @returns {Entry|undefined} */
  find(print) {
    return entries()[print];
  },

  /** @param {string} print @param {Omit<Entry, "at"|"tab">} entry */
  keep(print, entry) {
    store(localStorage, LEDGER, JSON.stringify({ ...entries(), [print]: { ...entry, at: Date.now(), tab: thisTab() } }));
  },

  /** @param {string} print */
  forget(print) {
    const { [print]: _, ...others } = entries();
    store(localStorage, LEDGER, JSON.stringify(others));
  },

  /** Uploads that were begun and that no tab continues. @param {Set<string>} here */
  unfinished(here) {
    const tab = thisTab();
    const elsewhere = (entry) => entry.tab !== tab && Date.now() - entry.at < ALIVE_MS;
    return Object.entries(entries()).filter(([print, entry]) => !here.has(print) && !elsewhere(entry));
  },
};
