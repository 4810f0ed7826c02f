"""What can be taken away from a run: tables, the run itself, its net, and a movie of its picture."""
