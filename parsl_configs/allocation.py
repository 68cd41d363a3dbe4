"""One allocation: the driver runs inside a batch job and uses the nodes of that job, submitting nothing.

Start it with `sbatch driver.sbatch CAMPAIGN`, which lies beside this file. Written for Slurm (`launcher: srun`) and
run on a small one; `launcher: mpiexec`, for PBS, is written from its documentation and was not run.
"""

import os
from pathlib import Path

from parsl.config import Config
from parsl.launchers import MpiExecLauncher, SrunLauncher
from parsl.providers import LocalProvider

from reexplore.execution.sites import WHOLE_NODES, card_pool, pool, site_config


def make_config(
    run_dir: Path,
    *,
    workers_per_node: int = 16,
    memory_gb_per_worker: float = 8,
    gpus_per_node: int = 0,
    gpu_maker: str = "nvidia",
    workers_per_card: int = 1,
    launcher: str = "srun",
    worker_init: str = "",
) -> Config:
    """Return a configuration with workers on every node of this job; outside a job, on one node."""

    def on_all_nodes(name: str) -> LocalProvider:
        return LocalProvider(
            nodes_per_block=_nodes(),
            init_blocks=1,
            min_blocks=1,
            max_blocks=1,
            # The launcher names its script after the job; two pools of one job must not share it.
            worker_init=f"{worker_init}\nexport SLURM_JOB_NAME=reexplore-{name}",
            launcher={
                "srun": SrunLauncher(overrides=f"{WHOLE_NODES} --overlap"),
                "mpiexec": MpiExecLauncher(bind_cmd="--cpu-bind", overrides="--ppn 1"),
            }[launcher],
        )

    workers = pool(
        "expensive",
        on_all_nodes("expensive"),
        workers_per_node=workers_per_node,
        memory_gb_per_worker=memory_gb_per_worker,
    )
    if not gpus_per_node:
        return site_config(run_dir, workers)
    # They wait for their GPU most of the time, and find the node's cores as the others leave them.
    gpu = card_pool(
        on_all_nodes("gpu"), gpus_per_node, workers_per_card=workers_per_card, maker=gpu_maker, cpu_affinity="none"
    )
    return site_config(run_dir, workers, gpu)


def _nodes() -> int:
    if hosts := os.environ.get("PBS_NODEFILE"):
        return len(set(Path(hosts).read_text().split()))
    return int(os.environ.get("SLURM_JOB_NUM_NODES", "1"))
