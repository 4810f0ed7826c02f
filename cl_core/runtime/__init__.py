"""Who runs work, and when: worker processes, the fair queue, runs, races and the engine."""
