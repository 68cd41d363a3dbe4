"""Energies of other programs: what they are given, and what they give back."""
