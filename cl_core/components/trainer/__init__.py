"""The trainer: a worker in the browser that trains a network by the engine, and the page's side of it.

`client.js` is what a page uses: the model of one run, without a picture; `visitor_runs.js` has those of a page by their
names. By `worker_link.js` it gives orders to `worker.js`, which trains a `Run` (`run.js`, with the rows of
`batch_rows.js`, the random numbers of `random.js` and, in a race, `linear_probe.js`) on the files of `examples.js`.
`store.js` keeps runs and examples in the browser's storage; `run_saver.js` says what of a run, and when. `message.py`
encodes the files that all of this reads.
"""

from cl_core.components.trainer.message import encode, encode_examples

__all__ = ["encode", "encode_examples"]
