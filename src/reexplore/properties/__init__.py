"""What a label says of a ligand, one property a file, and what a campaign is to find."""

from reexplore.properties.base import Measured, Property
from reexplore.properties.goals import PROPERTIES, Goal, Goals, read_goals

__all__ = ["PROPERTIES", "Goal", "Goals", "Measured", "Property", "read_goals"]
