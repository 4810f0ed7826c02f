/** The worker of a run as the page sees it: it is started when it is needed, gets orders, and counts as dead if it is silent. */

import { textOfError } from "../_shared/format.js";

/** @import { Order, Report } from "./worker.js" */

const PING_TIME = 2000; // ms
const PATIENCE = 10; // seconds without an answer, after which a worker counts as dead; at least
const PATIENCE_LOADING = 60; // nothing has been measured yet, and the first frame can take long
const PATIENCE_FACTOR = 10; // times the longest time in which the worker has read no message

export class WorkerLink {
  /** Seconds of the longest time in which the worker has read no message. */
  slowest = 0;
  /** Whether the worker is loading, which may take long. */
  loading = false;
  /** @type {Worker | null} */
  #worker = null;
  #silent = 0; // seconds without a report
  #pings;
  #hear;
  #fail;

  /**
   * @param {(report: Report) => void} hear
   * @param {(reason: string) => void} fail  called when the worker cannot go on
   */
  constructor(hear, fail) {
    this.#hear = hear;
    this.#fail = fail;
    this.#pings = setInterval(() => this.#ping(), PING_TIME);
  }

  /**
   * Start the worker, unless there is one.
   * @param {string} url
   * @returns {boolean} whether there is one now; else `fail` was called
   */
  start(url) {
    this.#silent = 0;
    try {
      this.#worker ??= this.#make(url);
    } catch (error) {
      this.#fail(textOfError(error));
    }
    return this.#worker !== null;
  }

  /** @param {Order} order */
  tell(order) {
    this.#worker?.postMessage(order);
  }

  /** End the worker; another one can be started. */
  end() {
    this.#worker?.terminate();
    this.#worker = null;
  }

  close() {
    this.end();
    clearInterval(this.#pings);
  }

  /** @param {string} url */
  #make(url) {
    const worker = new Worker(url, { type: "module" });
    worker.addEventListener("message", (/** @type {MessageEvent<Report>} */ { data }) => {
      this.#silent = 0;
      if (worker !== this.#worker) return; // it was ended
      if ("alive" in data) this.slowest = data.alive;
      this.#hear(data);
    });
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      if (worker === this.#worker) this.#fail(event.message || "it could not be loaded");
    });
    return worker;
  }

  /** Look whether the worker answers. A computer that has slept has counted none of that time. */
  #ping() {
    if (!this.#worker) return;
    const limit = this.loading ? PATIENCE_LOADING : Math.max(PATIENCE, PATIENCE_FACTOR * this.slowest);
    if (this.#silent >= limit) {
      this.#fail("it does not answer");
    } else {
      this.#silent += PING_TIME / 1000;
      this.tell({ ping: true });
    }
  }
}
