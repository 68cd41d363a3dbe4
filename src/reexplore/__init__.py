"""A closed loop that searches for ligands of the rare earths."""

__version__ = "0.1.0"
