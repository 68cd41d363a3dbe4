"""This machine: worker processes beside the driver, one core each."""

from pathlib import Path

from parsl.config import Config
from parsl.providers import LocalProvider

from reexplore.execution.sites import pool, site_config


def make_config(run_dir: Path, *, workers: int = 2) -> Config:
    """Return a configuration with `workers` processes on this machine."""
    provider = LocalProvider(init_blocks=1, min_blocks=1, max_blocks=1)
    # Not pinned: another campaign may run on the same machine, and both would be pinned to the first cores.
    return site_config(
        run_dir, pool("local", provider, workers_per_node=workers, cpu_affinity="none", address="127.0.0.1")
    )
