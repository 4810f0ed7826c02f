"""Artefacts that are trained once and shipped in assets: embeddings, checkpoints and recorded runs.

`embeddings`, `checkpoints` and `recordings` read them. `recipe_runs`, `checkpoint_runs` and `recorded_runs` train and
write them, by the engine: a visitor's run has the same bits.
"""
