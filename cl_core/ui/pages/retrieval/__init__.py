"""Page of retrieval, a module for each of its parts."""
