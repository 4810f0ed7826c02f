"""Settings that live in the address: controls, picture state, presentation and sharing."""
