"""Tasks, the store of their results, and where they run."""
