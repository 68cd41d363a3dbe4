"""A Slurm cluster: the driver runs on a log-in node and submits blocks of whole nodes.

Written from Parsl's and Slurm's documentation, and tested on a small Slurm of two nodes. Give what your site asks for
under `execution.options` in the campaign file; no account and no path stands here.
"""

from pathlib import Path

from parsl.config import Config
from parsl.launchers import SrunLauncher
from parsl.providers import SlurmProvider

from reexplore.execution.shared_blocks import HostExecutor
from reexplore.execution.sites import ON_DEMAND, WHOLE_NODES, card_pool, core_pool_beside, pool, site_config


def make_config(
    run_dir: Path,
    *,
    partition: str,
    account: str | None = None,
    qos: str | None = None,
    constraint: str | None = None,
    walltime: str = "04:00:00",
    drain_minutes: int = 30,
    nodes_per_block: int = 1,
    max_blocks: int = 2,
    workers_per_node: int = 16,
    memory_gb_per_worker: float = 8,
    cheap_blocks: int = 0,
    cheap_workers_per_node: int = 32,
    gpu_partition: str | None = None,
    gpus_per_node: int = 1,
    gpu_maker: str = "nvidia",
    workers_per_card: int = 1,
    worker_init: str = "",
    scheduler_options: str = "",
) -> Config:
    """Return a configuration whose blocks take no new task in their last `drain_minutes`.

    With `cheap_blocks` what is not DFT gets blocks of its own, with more workers a node; with a `gpu_partition`
    members and predictions run there. Where that is the `partition`, labels are computed on the cards of its nodes and
    the rest on their cores, in the same blocks. `gpu_maker` is nvidia, amd or intel.
    """

    def blocks(where: str, number: int, nodes: int, gpus: int | None = None) -> SlurmProvider:
        return SlurmProvider(
            partition=where,
            account=account,
            qos=qos,
            constraint=constraint,
            walltime=walltime,
            nodes_per_block=nodes,
            max_blocks=number,
            gpus_per_node=gpus,
            exclusive=True,
            worker_init=worker_init,
            scheduler_options=scheduler_options,
            launcher=SrunLauncher(overrides=WHOLE_NODES),
            **ON_DEMAND,
        )

    def cards(nodes: SlurmProvider, cpu_affinity: str = "block") -> HostExecutor:
        return card_pool(
            nodes,
            gpus_per_node,
            workers_per_card=workers_per_card,
            maker=gpu_maker,
            cpu_affinity=cpu_affinity,
            drain_minutes=drain_minutes,
        )

    if gpu_partition == partition:
        both = blocks(partition, max_blocks, nodes_per_block, gpus_per_node)
        gpu = cards(both, cpu_affinity="none")
        return site_config(run_dir, gpu, core_pool_beside(gpu, workers_per_node=workers_per_node))
    pools = [
        pool(
            "expensive",
            blocks(partition, max_blocks, nodes_per_block),
            workers_per_node=workers_per_node,
            memory_gb_per_worker=memory_gb_per_worker,
            drain_minutes=drain_minutes,
        )
    ]
    if cheap_blocks:
        cheap = blocks(partition, cheap_blocks, 1)
        pools.append(pool("cheap", cheap, workers_per_node=cheap_workers_per_node, drain_minutes=drain_minutes))
    if gpu_partition:
        pools.append(cards(blocks(gpu_partition, 1, 1, gpus_per_node)))
    return site_config(run_dir, *pools)
