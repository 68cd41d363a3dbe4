"""What a ligand has to be to be searched at all, one constraint a file."""

from reexplore.constraints.base import Constraint, Rules, read_constraints

__all__ = ["Constraint", "Rules", "read_constraints"]
