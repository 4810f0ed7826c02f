"""Opens the sidebar of a phone below the picture, and closes it with the page; nothing of it can be seen."""
