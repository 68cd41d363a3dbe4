"""Energies: levels of theory, DFT single points and the scales derived from them."""
