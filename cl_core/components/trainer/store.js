/**
 * What the trainer keeps in the browser (IndexedDB): files that it has downloaded, and a run of each name and browser tab.
 *
 * Every function may reject: storage can be full, or forbidden. `quietly` turns that into a warning.
 */

import { textOfError } from "../_shared/format.js";

/** @import { About, Change, Frame, Source } from "./client.js" */
/** @import { Choice, References, Snapshot } from "./run.js" */

const DATABASE = "contrastive-loss-lab";
const TAB_KEY = "contrastive-loss-lab/tab"; // in sessionStorage, which a reload keeps and a new tab lacks
const OPENING_TIME = 3000; // ms, after which a browser that does not answer counts as one that forbids storage
const KEPT = { files: 8, runs: 8 }; // newest ones of all tabs; older ones are deleted

/**
 * @typedef {object} StoredRun  all of a run but its frames
 * @property {string} key      name and tab
 * @property {number} time     when it was written, ms
 * @property {string} id       of its frames
 * @property {string} source   key of its source
 * @property {Source} origin   its source
 * @property {About} about
 * @property {Choice} choice   at its snapshot
 * @property {References | null} references
 * @property {Change[]} changes
 * @property {Snapshot} snapshot
 * @property {number} frames   number of them; the last one is of the snapshot's step
 */

/** @type {Promise<IDBDatabase> | null} */
let database = null;
/** @type {Set<string>} */
const warnings = new Set(); // so far: a run that goes on would repeat them every few seconds

function openDatabase() {
  database ??= new Promise((/** @type {(opened: IDBDatabase) => void} */ resolve, reject) => {
    setTimeout(() => reject(new Error("the browser's storage does not answer")), OPENING_TIME);
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("files", { keyPath: "key" }).createIndex("time", "time");
      request.result.createObjectStore("runs", { keyPath: "key" }).createIndex("time", "time");
      request.result.createObjectStore("frames");
    };
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      const forget = () => void (database = null);
      request.result.onversionchange = () => {
        request.result.close(); // else this page would block the deletion of the database
        forget();
      };
      request.result.onclose = forget;
      resolve(request.result);
    };
  });
  return database;
}

/**
 * Run a transaction.
 * @template T
 * @param {IDBTransactionMode} mode
 * @param {(stores: {files: IDBObjectStore, runs: IDBObjectStore, frames: IDBObjectStore}) => IDBRequest<T> | void} act
 * @returns {Promise<T | undefined>} result of the request that `act` returns, once everything is done
 */
async function transact(mode, act) {
  const opened = await openDatabase();
  return new Promise((resolve, reject) => {
    const transaction = opened.transaction(["files", "runs", "frames"], mode);
    const [files, runs, frames] = ["files", "runs", "frames"].map((name) => transaction.objectStore(name));
    transaction.onabort = () => reject(transaction.error ?? new Error("the transaction was aborted"));
    const request = act({ files, runs, frames });
    transaction.oncomplete = () => resolve(request?.result);
  });
}

/**
 * Wait for storage that the caller can do without.
 * @template T
 * @param {Promise<T>} work
 * @returns {Promise<T | undefined>} undefined if it failed
 */
export async function quietly(work) {
  try {
    return await work;
  } catch (error) {
    const text = `The browser stores nothing for the trainer: ${textOfError(error)}`;
    if (!warnings.has(text)) console.warn(text);
    warnings.add(text);
  }
}

/**
 * Delete the oldest entries.
 * @param {IDBObjectStore} store
 * @param {number} kept                        number of entries that stay
 * @param {(entry: any) => void} [deleted]  called for each deleted one
 */
function prune(store, kept, deleted) {
  let seen = 0;
  const request = store.index("time").openCursor(null, "prev");
  request.onsuccess = () => {
    const cursor = request.result;
    if (!cursor) return;
    if (seen++ >= kept) {
      deleted?.(cursor.value);
      cursor.delete();
    }
    cursor.continue();
  };
}

/**
 * @param {string} url
 * @returns {Promise<Uint8Array | undefined>}
 */
export async function storedFile(url) {
  return (await transact("readonly", ({ files }) => files.get(url)))?.bytes;
}

/**
 * @param {string} url
 * @param {Uint8Array} bytes
 */
export function storeFile(url, bytes) {
  return transact("readwrite", ({ files }) => {
    files.put({ key: url, time: Date.now(), bytes });
    prune(files, KEPT.files);
  });
}

/** @param {string} url */
export function forgetFile(url) {
  return transact("readwrite", ({ files }) => void files.delete(url));
}

/**
 * Return the key under which this browser tab stores the run of a name.
 * @param {string} name
 */
function keyInTab(name) {
  const tab = sessionStorage.getItem(TAB_KEY) ?? crypto.getRandomValues(new Uint32Array(4)).join("-");
  sessionStorage.setItem(TAB_KEY, tab);
  return `${tab}/${name}`;
}

/** @param {string} id */
const framesOf = (id) => IDBKeyRange.bound([id, 0], [id, Infinity]);

/**
 * Store a run in place of the one of its name, and the frames that it has got since it was stored last.
 * @param {string} name
 * @param {Omit<StoredRun, "key" | "time">} run
 * @param {Frame[]} added  its newest frames
 */
export async function storeRun(name, run, added) {
  const key = keyInTab(name);
  await transact("readwrite", ({ runs, frames }) => {
    const before = runs.get(key);
    before.onsuccess = () => {
      if (before.result && before.result.id !== run.id) frames.delete(framesOf(before.result.id));
      for (const [index, frame] of added.entries()) frames.put(frame, [run.id, run.frames - added.length + index]);
      runs.put({ ...run, key, time: Date.now() });
      prune(runs, KEPT.runs, ({ id }) => frames.delete(framesOf(id)));
    };
  });
}

/**
 * @param {string} name
 * @returns {Promise<{run: StoredRun, frames: Frame[]} | null>} null if there is none, or if it has lost frames
 */
export async function storedRun(name) {
  const key = keyInTab(name);
  const run = await transact("readonly", ({ runs }) => /** @type {IDBRequest<StoredRun | undefined>} */ (runs.get(key)));
  if (!run) return null;
  const frames = await transact("readonly", (stores) => stores.frames.getAll(framesOf(run.id)));
  const whole = frames?.length === run.frames && frames.at(-1)?.step === run.snapshot.step;
  return whole ? { run, frames } : null;
}

/** @param {string} name */
export async function forgetRun(name) {
  const key = keyInTab(name);
  await transact("readwrite", ({ runs, frames }) => {
    const before = runs.get(key);
    before.onsuccess = () => {
      if (!before.result) return;
      frames.delete(framesOf(before.result.id));
      runs.delete(key);
    };
  });
}
