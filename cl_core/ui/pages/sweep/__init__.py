"""Page of sweeps, a module for each of its parts."""
