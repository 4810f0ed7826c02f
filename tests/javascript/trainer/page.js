/** A page without a picture, for tests/browser/test_trainer_client.py: it opens a run and leaves it to the test, as `lab`. */

import { openVisitorRun, visitorRun } from "../../../cl_core/components/trainer/visitor_runs.js";

const query = new URLSearchParams(location.search);
/** @type {Worker[]} */
const workers = [];
globalThis.Worker = class extends Worker {
  /** @param {ConstructorParameters<typeof Worker>} settings */
  constructor(...settings) {
    super(...settings);
    workers.push(this);
  }
};
if (query.has("forbidden")) {
  IDBFactory.prototype.open = () => {
    throw new Error("storage is forbidden");
  };
}
const worker = query.has("forbidden") ? "worker_without_storage.js" : "worker.js";
const file = new Uint8Array(await (await fetch("run.bin")).arrayBuffer());
const urls = { engine: "engine.wasm", worker, images: "images.bin.gz", probes: "probes.bin.gz" };
const standard = { seed: 3, rate: 0.001, theta: { temperature: 0.1 } };
const text = (numbers) => [...numbers].join(" ");
globalThis.lab = {
  workers,
  changes: 0,
  phases: [], // that each change has found: a test that looks now and then would miss short ones
  open(choice = {}, key = "rings") {
    this.run = openVisitorRun("test", { key, file, ...urls }, { ...standard, ...choice });
    this.run.addEventListener("change", () => {
      this.changes++;
      this.phases.push(this.run.phase);
    });
    return visitorRun("test") === this.run;
  },
  /** Wait for a state of the run, as a value that can leave the page. */
  async snapshot() {
    const { vector, ...rest } = await this.run.snapshot();
    return { ...rest, vector: text(vector), names: Object.keys(rest) };
  },
  frames() {
    return this.run.frames.map(({ step, views }) => ({ step, codes: text(views[2].codes), shares: views[2].shares }));
  },
};
lab.open();
