"""Ligands, metals and the search space: RDKit and tables, no quantum chemistry."""
