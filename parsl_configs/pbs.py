"""A PBS Pro cluster: the driver runs on a log-in node and submits blocks of one node each.

Written from the documentation of Parsl and PBS; it was not run on one. Give what your site asks for under
`execution.options` in the campaign file; no account and no path stands here.
"""

from pathlib import Path

from parsl.config import Config
from parsl.launchers import SimpleLauncher
from parsl.providers import PBSProProvider

from reexplore.execution.sites import ON_DEMAND, pool, site_config


def make_config(
    run_dir: Path,
    *,
    queue: str,
    cores_per_node: int,
    account: str | None = None,
    walltime: str = "04:00:00",
    drain_minutes: int = 30,
    max_blocks: int = 2,
    workers_per_node: int = 16,
    memory_gb_per_worker: float = 8,
    select_options: str = "",
    worker_init: str = "",
    scheduler_options: str = "",
) -> Config:
    """Return a configuration whose blocks take no new task in their last `drain_minutes`."""
    nodes = PBSProProvider(
        account=account,
        queue=queue,
        walltime=walltime,
        cpus_per_node=cores_per_node,
        max_blocks=max_blocks,
        select_options=select_options,
        scheduler_options=scheduler_options,
        worker_init=worker_init,
        # Blocks of one node need no MPI, whose launchers differ from site to site.
        launcher=SimpleLauncher(),
        **ON_DEMAND,
    )
    workers = pool(
        "expensive",
        nodes,
        workers_per_node=workers_per_node,
        memory_gb_per_worker=memory_gb_per_worker,
        drain_minutes=drain_minutes,
    )
    return site_config(run_dir, workers)
