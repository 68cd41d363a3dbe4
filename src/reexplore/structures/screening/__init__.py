"""Geometries without quantum chemistry, for the learned model."""
