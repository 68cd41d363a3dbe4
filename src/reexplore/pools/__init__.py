"""Pools of labels that come with the package: files that `reexplore dataset export` has written."""
