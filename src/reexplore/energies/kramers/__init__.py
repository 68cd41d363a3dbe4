"""The crystal-field levels of a lanthanide complex with an odd number of 4f electrons, ab initio."""
