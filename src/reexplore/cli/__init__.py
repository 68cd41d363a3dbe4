"""What is typed, and what is printed: nothing else prints."""

from reexplore.cli.app import main

__all__ = ["main"]
