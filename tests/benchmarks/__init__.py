"""What the app's speed is claimed by: commands that measure and write down the tables README shows."""
