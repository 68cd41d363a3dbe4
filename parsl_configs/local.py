"""This machine: worker processes beside the driver, one core each, and workers on its NVIDIA cards when asked."""

from pathlib import Path

from parsl.config import Config
from parsl.providers import LocalProvider

from reexplore.execution.sites import card_pool, core_pool_beside, pool, site_config


def make_config(run_dir: Path, *, workers: int = 2, cards: int = 0, workers_per_card: int = 1) -> Config:
    """Return a configuration with `workers` processes on this machine.

    With `cards` labels, members and predictions go to workers of their own, so many a card, and the others do the rest.
    """
    provider = LocalProvider(init_blocks=1, min_blocks=1, max_blocks=1)
    # Not pinned to cores: another campaign may run on the same machine, and both would be pinned to the first ones.
    if not cards:
        return site_config(
            run_dir, pool("local", provider, workers_per_node=workers, cpu_affinity="none", address="127.0.0.1")
        )
    gpu = card_pool(provider, cards, workers_per_card=workers_per_card, cpu_affinity="none", address="127.0.0.1")
    return site_config(run_dir, gpu, core_pool_beside(gpu, workers_per_node=workers))
