"""Perlmutter at NERSC: the driver runs on a log-in node and submits CPU nodes, GPU nodes, or both.

Written from NERSC's documentation of its CPU nodes (128 cores, 512 GB) and GPU nodes (64 cores, four A100); it was
not run there.
"""

from pathlib import Path

from parsl.config import Config
from parsl.launchers import SrunLauncher
from parsl.providers import SlurmProvider

from reexplore.execution.sites import ON_DEMAND, card_pool, core_pool_beside, pool, site_config


def make_config(
    run_dir: Path,
    *,
    account: str,
    qos: str = "regular",
    walltime: str = "06:00:00",
    drain_minutes: int = 60,
    nodes_per_block: int = 1,
    max_blocks: int = 4,
    workers_per_node: int = 56,
    gpu_blocks: int = 0,
    workers_per_card: int = 1,
    worker_init: str = "",
    scheduler_options: str = "",
) -> Config:
    """Return a configuration for one account; with `gpu_blocks` members and predictions run on A100s.

    With `max_blocks` 0 there are GPU nodes alone: labels are computed on their cards, the rest on their cores.
    """

    def nodes(kind: str, number: int, nodes: int, threads: int, gpus: int | None = None) -> SlurmProvider:
        return SlurmProvider(
            account=account,
            qos=qos,
            constraint=kind,
            walltime=walltime,
            nodes_per_block=nodes,
            max_blocks=number,
            gpus_per_node=gpus,
            exclusive=True,
            worker_init=worker_init,
            scheduler_options=scheduler_options,
            # One manager a node, with all its hardware threads; without -c it would be held to one core.
            launcher=SrunLauncher(overrides=f"--ntasks-per-node=1 -c {threads} --cpu-bind=none -K0"),
            **ON_DEMAND,
        )

    gpu = None
    if gpu_blocks:
        a100s = nodes("gpu", gpu_blocks, 1 if max_blocks else nodes_per_block, 128, 4)
        gpu = card_pool(a100s, 4, workers_per_card=workers_per_card, cpu_affinity="none", drain_minutes=drain_minutes)
        if not max_blocks:
            return site_config(run_dir, gpu, core_pool_beside(gpu, workers_per_node=workers_per_node))
    cpu = pool(
        "expensive",
        nodes("cpu", max_blocks, nodes_per_block, 256),
        workers_per_node=workers_per_node,
        memory_gb_per_worker=8,
        drain_minutes=drain_minutes,
    )
    return site_config(run_dir, cpu, gpu) if gpu else site_config(run_dir, cpu)
