"""Geometries: built, relaxed, exchanged and judged."""
