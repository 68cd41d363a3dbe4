"""Aurora at ALCF: the driver runs on a log-in node and submits blocks of whole nodes.

Written from ALCF's documentation of its nodes (two sockets of 52 cores with two threads each, 1 TB, six GPUs of two
tiles) and of Parsl on them; it was not run there.
"""

from pathlib import Path

from parsl.config import Config
from parsl.launchers import MpiExecLauncher
from parsl.providers import PBSProProvider

from reexplore.execution.sites import ON_DEMAND, card_pool, pool, site_config

#: Eight cores and their second threads for each tile; the first core of each socket is the system's.
_FIRST_CORES = (*range(1, 49, 8), *range(53, 101, 8))
_CORES_OF_TILES = "list:" + ":".join(f"{c}-{c + 7},{c + 104}-{c + 111}" for c in _FIRST_CORES)


def make_config(
    run_dir: Path,
    *,
    account: str,
    queue: str = "debug",
    filesystems: str = "home:flare",
    walltime: str = "01:00:00",
    drain_minutes: int = 20,
    nodes_per_block: int = 1,
    max_blocks: int = 1,
    workers_per_node: int = 96,
    gpu_blocks: int = 0,
    worker_init: str = "",
) -> Config:
    """Return a configuration for one account; with `gpu_blocks` members and predictions run one to a tile."""

    def nodes(number: int) -> PBSProProvider:
        return PBSProProvider(
            account=account,
            queue=queue,
            walltime=walltime,
            nodes_per_block=nodes_per_block,
            cpus_per_node=208,
            max_blocks=number,
            scheduler_options=f"#PBS -l filesystems={filesystems}",
            worker_init=worker_init,
            launcher=MpiExecLauncher(bind_cmd="--cpu-bind", overrides="--ppn 1"),
            **ON_DEMAND,
        )

    cpu = pool(
        "expensive",
        nodes(max_blocks),
        workers_per_node=workers_per_node,
        memory_gb_per_worker=8,
        drain_minutes=drain_minutes,
    )
    if not gpu_blocks:
        return site_config(run_dir, cpu)
    tiles = card_pool(
        nodes(gpu_blocks),
        12,
        maker="intel",
        cpu_affinity=_CORES_OF_TILES,
        drain_minutes=drain_minutes,
    )
    return site_config(run_dir, cpu, tiles)
