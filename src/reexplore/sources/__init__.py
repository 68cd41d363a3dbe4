"""Ligands that a person brings in a file: read, judged row by row, kept with all their columns."""
