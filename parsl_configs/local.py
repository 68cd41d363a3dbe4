"""This machine: worker processes beside the driver, one core each."""

from pathlib import Path

from parsl.config import Config
from parsl.executors import HighThroughputExecutor
from parsl.providers import LocalProvider

from reexplore.execution.parsl import config_settings, executor_settings


def make_config(run_dir: Path, *, workers: int = 2) -> Config:
    """Return a configuration with `workers` processes on this machine."""
    executor = HighThroughputExecutor(
        label="local",
        address="127.0.0.1",
        encrypted=False,
        max_workers_per_node=workers,
        cores_per_worker=1,
        provider=LocalProvider(init_blocks=1, min_blocks=1, max_blocks=1),
        **executor_settings(),
    )
    return Config(executors=[executor], **config_settings(run_dir))
