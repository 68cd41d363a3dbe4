"""Every kind of task: what computes it, what that may use, and what its failure means. Nothing else describes one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

MEMBER_FILE = "member.pt"
FORECAST_FILE = "forecast.npz"
LIGANDS_FILE = "ligands.npz"
GENERATOR_FILE = "generator.pt"

_FUNCTIONS = "reexplore.execution.worker_functions"


@dataclass(frozen=True)
class Resources:
    """What one task may use; `time_s` is wall time, after which it is stopped."""

    cores: int = 1
    memory_gb: float = 2.0
    gpus: int = 0
    time_s: float = 3600.0


@dataclass(frozen=True)
class TaskKind:
    """One kind of task.

    `function` is where its function is found, MODULE:NAME, loaded by the worker only. `version` is raised when that
    function returns something else than before; old results then no longer answer for it. `roles` are the executors
    that take it, the best first. Results of chemistry may be distrusted and computed again; the learned model follows
    by itself. Without the value of an `indispensable` task a campaign stops: of all others a failure refuses a
    candidate. One that `may_use_card` computes on a graphics card where it is told to. `is_importable` ones may be
    computed by another program. Later tasks read the results of those that are `read_later` in the store, and `file`
    beside the value.
    """

    name: str
    function: str
    version: int
    resources: Resources
    roles: tuple[str, ...] = ("cheap",)
    is_chemistry: bool = True
    is_indispensable: bool = False
    is_importable: bool = False
    may_use_card: bool = False
    is_read_later: bool = False
    file: str | None = None

    def load(self) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
        """Return the function: JSON-ready inputs and a `Context` to a JSON-ready value."""
        module, _, name = self.function.partition(":")
        function: Callable[[dict[str, Any], Any], dict[str, Any]] = getattr(import_module(module), name)
        return function


def _structure(name: str, function: str, version: int, resources: Resources, **more: Any) -> TaskKind:
    return TaskKind(name, f"{_FUNCTIONS}:{function}", version, resources, **more)


def _learning(name: str, version: int, resources: Resources, **more: Any) -> TaskKind:
    """Return a kind of the learned model, without which no round ends."""
    whole = {"is_chemistry": False, "is_indispensable": True} | more
    return TaskKind(name, f"{_FUNCTIONS}:{name}", version, resources, **whole)


#: Generous limits for (1,6) to (4,0) complexes on one core; they stop what hangs, not what is slow.
KINDS: dict[str, TaskKind] = {
    kind.name: kind
    for kind in (
        _structure("build", "build", 1, Resources(memory_gb=3, time_s=1800), is_read_later=True),
        _structure("template", "template", 4, Resources(memory_gb=3, time_s=4 * 3600)),
        _structure("complex", "complex_geometry", 3, Resources(memory_gb=2, time_s=2 * 3600)),
        _structure("ligand", "free_ligand", 2, Resources(memory_gb=2, time_s=3600)),
        _structure("water", "water_geometry", 2, Resources(time_s=600), is_indispensable=True),
        _structure("minimum", "minimum", 1, Resources(memory_gb=2, time_s=2 * 3600)),
        _structure(
            "energy",
            "energy",
            1,
            Resources(memory_gb=8, time_s=12 * 3600),
            roles=("expensive",),
            is_importable=True,
            may_use_card=True,
        ),
        _structure("bipyramid", "bipyramid", 1, Resources(memory_gb=2, time_s=2 * 3600)),
        _structure("kramers_gap", "kramers_gap", 1, Resources(memory_gb=4, time_s=4 * 3600), roles=("expensive",)),
        _structure(
            "dft_relaxation",
            "dft_relaxation",
            1,
            Resources(memory_gb=8, time_s=24 * 3600),
            roles=("expensive",),
            may_use_card=True,
        ),
        _learning("assemble", 1, Resources(time_s=3600), is_read_later=True, file=LIGANDS_FILE),
        _learning("constrain", 1, Resources(time_s=3600)),
        _learning("screen", 1, Resources(memory_gb=4, time_s=3600)),
        _learning("interactions", 1, Resources(time_s=3600)),
        _learning("groundwork", 1, Resources(memory_gb=4, time_s=3600)),
        _learning(
            "member",
            1,
            Resources(memory_gb=4, time_s=4 * 3600),
            roles=("gpu", "expensive"),
            may_use_card=True,
            is_read_later=True,
            file=MEMBER_FILE,
        ),
        _learning(
            "predict",
            1,
            Resources(memory_gb=4, time_s=4 * 3600),
            roles=("gpu", "expensive"),
            may_use_card=True,
            is_read_later=True,
            file=FORECAST_FILE,
        ),
        _learning("forecast", 2, Resources(memory_gb=4, time_s=3600), is_read_later=True, file=FORECAST_FILE),
        _learning("select", 2, Resources(memory_gb=4, time_s=3600)),
        # Of a pool of labels, without a campaign.
        _learning("pool_model", 1, Resources(memory_gb=4, time_s=4 * 3600), is_read_later=True),
        _learning("pool_errors", 1, Resources(memory_gb=4, time_s=4 * 3600)),
        # Of ligands to propose.
        _structure("proxies", "proxies", 1, Resources(time_s=3600)),
        _learning(
            "generator",
            1,
            Resources(memory_gb=4, time_s=4 * 3600),
            roles=("expensive",),
            is_read_later=True,
            file=GENERATOR_FILE,
        ),
        _learning("propose", 1, Resources(memory_gb=3, time_s=3600)),
    )
}
