"""Page of the published experiment, a module for each of its parts."""
