"""Page of triplets, a module for each of its parts."""
