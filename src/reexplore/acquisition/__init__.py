"""The choice of the next batch."""
