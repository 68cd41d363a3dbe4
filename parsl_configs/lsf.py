"""An LSF cluster: the driver runs on a log-in node and submits blocks of one node each.

Written from the documentation of Parsl and LSF; it was not run on one. Give what your site asks for under
`execution.options` in the campaign file; no account and no path stands here.
"""

from pathlib import Path

from parsl.config import Config
from parsl.launchers import SimpleLauncher
from parsl.providers import LSFProvider

from reexplore.execution.sites import ON_DEMAND, pool, site_config


def make_config(
    run_dir: Path,
    *,
    queue: str,
    cores_per_node: int,
    project: str | None = None,
    walltime: str = "04:00:00",
    drain_minutes: int = 30,
    max_blocks: int = 2,
    workers_per_node: int = 16,
    memory_gb_per_worker: float = 8,
    worker_init: str = "",
    scheduler_options: str = "",
) -> Config:
    """Return a configuration whose blocks take no new task in their last `drain_minutes`."""
    nodes = LSFProvider(
        queue=queue,
        project=project,
        walltime=walltime,
        # Many sites count by cores: all those of one host.
        request_by_nodes=False,
        cores_per_block=cores_per_node,
        cores_per_node=cores_per_node,
        max_blocks=max_blocks,
        scheduler_options=scheduler_options,
        worker_init=worker_init,
        bsub_redirection=True,
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
