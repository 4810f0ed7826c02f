"""Who runs work, and when: worker processes, a fair queue in front of them, runs, races and censuses.

`Engine` submits the tasks of all runs and races; `ProcessPool` or `DaskCluster` runs them; `FairQueue` decides whose
task is next; `RunStorage` keeps runs that no page looks at on disk.
"""
