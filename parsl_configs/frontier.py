"""Frontier at OLCF: the driver runs on a log-in node and submits whole nodes.

Written from OLCF's documentation of its nodes (56 of 64 cores for jobs, 512 GB, eight GCDs that count as GPUs); it was
not run there.
"""

from pathlib import Path

from parsl.config import Config
from parsl.launchers import SrunLauncher
from parsl.providers import SlurmProvider

from reexplore.execution.sites import ON_DEMAND, card_pool, pool, site_config


def make_config(
    run_dir: Path,
    *,
    account: str,
    partition: str = "batch",
    qos: str | None = None,
    walltime: str = "02:00:00",
    drain_minutes: int = 30,
    nodes_per_block: int = 1,
    max_blocks: int = 2,
    workers_per_node: int = 56,
    gpu_blocks: int = 0,
    worker_init: str = "",
    scheduler_options: str = "",
) -> Config:
    """Return a configuration for one account; with `gpu_blocks` members and predictions run one to a GCD."""

    def nodes(number: int, nodes: int, overrides: str = "") -> SlurmProvider:
        return SlurmProvider(
            account=account,
            partition=partition,
            qos=qos,
            walltime=walltime,
            nodes_per_block=nodes,
            max_blocks=number,
            # Nodes of this partition are never shared.
            exclusive=False,
            worker_init=worker_init,
            scheduler_options=scheduler_options,
            launcher=SrunLauncher(overrides=f"--ntasks-per-node=1 -c 56 --cpu-bind=none -K0 {overrides}"),
            **ON_DEMAND,
        )

    cpu = pool(
        "expensive",
        nodes(max_blocks, nodes_per_block),
        workers_per_node=workers_per_node,
        memory_gb_per_worker=8,
        drain_minutes=drain_minutes,
    )
    if not gpu_blocks:
        return site_config(run_dir, cpu)
    gcds = nodes(gpu_blocks, 1, "--gpus-per-node=8")
    return site_config(run_dir, cpu, card_pool(gcds, 8, maker="amd", drain_minutes=drain_minutes))
