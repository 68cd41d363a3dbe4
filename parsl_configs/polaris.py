"""Polaris at ALCF: the driver runs on a log-in node and submits blocks of whole nodes.

Written from ALCF's documentation of its nodes (32 cores with two threads each, 512 GB, four A100) and of Parsl on
them; it was not run there. The queue `prod` asks for ten nodes at least; `debug` takes one.
"""

from pathlib import Path

from parsl.config import Config
from parsl.launchers import MpiExecLauncher
from parsl.providers import PBSProProvider

from reexplore.execution.sites import ON_DEMAND, card_pool, core_pool_beside, pool, site_config


def make_config(
    run_dir: Path,
    *,
    account: str,
    queue: str = "prod",
    filesystems: str = "home:eagle",
    walltime: str = "03:00:00",
    drain_minutes: int = 30,
    nodes_per_block: int = 10,
    max_blocks: int = 1,
    workers_per_node: int = 32,
    gpu_blocks: int = 0,
    workers_per_card: int = 1,
    worker_init: str = "",
) -> Config:
    """Return a configuration for one account; with `gpu_blocks` members and predictions run on A100s.

    With `max_blocks` 0 labels are computed on the cards of these blocks and the rest on their cores: every node has
    both.
    """

    def nodes(number: int) -> PBSProProvider:
        return PBSProProvider(
            account=account,
            queue=queue,
            walltime=walltime,
            nodes_per_block=nodes_per_block,
            cpus_per_node=64,
            max_blocks=number,
            select_options="ngpus=4",
            scheduler_options=f"#PBS -l filesystems={filesystems}",
            worker_init=worker_init,
            # One manager a node, which shares out all its hardware threads.
            launcher=MpiExecLauncher(bind_cmd="--cpu-bind", overrides="--depth=64 --ppn 1"),
            **ON_DEMAND,
        )

    gpu = None
    if gpu_blocks:
        gpu = card_pool(
            nodes(gpu_blocks),
            4,
            workers_per_card=workers_per_card,
            # The GPUs hang on the cores in reverse order; beside other workers none has cores of its own.
            cpu_affinity="block-reverse" if max_blocks else "none",
            drain_minutes=drain_minutes,
        )
        if not max_blocks:
            return site_config(run_dir, gpu, core_pool_beside(gpu, workers_per_node=workers_per_node))
    cpu = pool(
        "expensive",
        nodes(max_blocks),
        workers_per_node=workers_per_node,
        memory_gb_per_worker=8,
        drain_minutes=drain_minutes,
    )
    return site_config(run_dir, cpu, gpu) if gpu else site_config(run_dir, cpu)
