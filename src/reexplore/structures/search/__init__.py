"""From what was built to the lowest minimum."""
