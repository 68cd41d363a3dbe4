"""Proposals: ligands of one donor, enumerated, decoded from a learned space or bred, each with what it comes from."""
