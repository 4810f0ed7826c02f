"""Every sentence that the catalogue of losses shows, with a test that computes it."""
