"""Whether every engine is here and gives the right number."""
