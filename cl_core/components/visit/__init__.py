"""What holds for the whole visit: entries of the browser's history, and a key for the server's runs."""
