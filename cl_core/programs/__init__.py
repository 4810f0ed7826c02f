"""Programs that run in a visitor's browser and in Python with the same bits: traced from the losses, and compiled.

`compiler` makes a program of a function: `graph` traces it (`convolution` and `sampling` have the operations that are
replaced), `lowering` and `operators` make instructions of it, `fusion` and `memory` order and place them, `encoding`
and `program` write the file. `engine/` runs it, `host` does so in Python. `planes`, `batches`, `steps`, `augmentation`,
`frames`, `references` and `initial_weights` say what programs there are, `sliders` what their inputs are. `shipped`
holds those in assets, `cache` those that this machine has compiled, and `runs` finds those of a run in either. With
them `trainer` trains in Python, by the random numbers of `random_numbers`.
"""
