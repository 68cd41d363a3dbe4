"""Ligands whose stability constants were measured: what a computed scale is judged by."""
