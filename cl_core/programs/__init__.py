"""Programs that run in a visitor's browser and in Python with the same bits: traced from the losses, and compiled.

`graph` traces a function, `lowering` and `operators` make instructions of it, `fusion` and `memory` order and place
them, `encoding` and `program` write the file, `engine/` runs it, `host` does so in Python. `planes` and `steps` say
what programs there are, `shipped` holds those in assets.
"""
