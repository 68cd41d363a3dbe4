"""Conformers of free ligands and of complexes, and when two structures are the same."""
