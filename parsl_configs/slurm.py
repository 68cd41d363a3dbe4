"""A Slurm cluster: the driver runs on a log-in node and submits blocks of whole nodes.

Written from Parsl's documentation for a generic cluster. Give what your site asks for under
`execution.options` in the campaign file; no account and no path stands here.
"""

from pathlib import Path

from parsl.config import Config
from parsl.executors import HighThroughputExecutor
from parsl.launchers import SrunLauncher
from parsl.providers import SlurmProvider

from reexplore.execution.parsl import config_settings, executor_settings


def make_config(
    run_dir: Path,
    *,
    partition: str,
    account: str | None = None,
    walltime: str = "04:00:00",
    nodes_per_block: int = 1,
    max_blocks: int = 2,
    workers_per_node: int = 16,
    worker_init: str = "",
    scheduler_options: str = "",
    drain_minutes: int = 30,
) -> Config:
    """Return a configuration whose blocks take no new task in their last `drain_minutes`."""
    hours, minutes, seconds = (int(part) for part in walltime.split(":"))
    walltime_s = 3600 * hours + 60 * minutes + seconds
    executor = HighThroughputExecutor(
        label="slurm",
        encrypted=True,
        max_workers_per_node=workers_per_node,
        cores_per_worker=1,
        cpu_affinity="block",
        drain_period=max(60, walltime_s - 60 * drain_minutes),
        provider=SlurmProvider(
            partition=partition,
            account=account,
            walltime=walltime,
            nodes_per_block=nodes_per_block,
            init_blocks=0,
            min_blocks=0,
            max_blocks=max_blocks,
            exclusive=True,
            worker_init=worker_init,
            scheduler_options=scheduler_options,
            launcher=SrunLauncher(),
        ),
        **executor_settings(),
    )
    return Config(executors=[executor], **config_settings(run_dir))
