"""The page of the experiment, a module for each of its parts."""
