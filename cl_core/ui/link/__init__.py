"""Settings that are stored in the query string: controls, picture state, presentation and sharing."""
