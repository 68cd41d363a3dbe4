"""What site files are made of, and how one is read.

A site file is a Python module with `make_config(run_dir, *, ...)`, whose options come from `execution.options` of the
campaign file or from `--option`. It says what a scheduler is asked for; all that must hold everywhere stands here.
"""

from __future__ import annotations

import ast
import os
import runpy
import shlex
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from reexplore.errors import InputError, WorkerInterruptedError
from reexplore.execution.cards import MAKERS, SHARING, VISIBLE, Maker, card_names
from reexplore.execution.escalation import POISON
from reexplore.execution.kinds import KINDS
from reexplore.execution.run_folder import require_reachable
from reexplore.execution.tether import launch_command
from reexplore.inputs.given_files import read_given_text
from reexplore.inputs.shown import shown
from reexplore.inputs.strict_yaml import load_yaml

if TYPE_CHECKING:
    from parsl.config import Config

    from reexplore.execution.shared_blocks import GuestExecutor, HostExecutor

_LARGEST_FILE_BYTES = 1_000_000
#: The roles that executors of one site share out, by their labels; an executor alone takes everything.
ROLES = ("cheap", "expensive", "gpu")
#: No site has a million nodes or hours.
_LARGEST_OPTION = 1_000_000
#: A calculation may lose so many nodes under it, or `POISON` workers, before it is given back.
LOST_NODES = 20

# Parsl counts the cores of the node, not those of the job; `nproc` counts OpenMP threads unless told not to.
_PREPARE = """export PATH={programs}:"$PATH"
export PARSL_CORES=$(env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc)
"""
#: For every provider that submits: blocks come when there is work, and a slow scheduler is waited for.
ON_DEMAND: dict[str, Any] = {"init_blocks": 0, "min_blocks": 0, "cmd_timeout": 60}
#: A block whose node is lost is replaced at once; put back into the queue it would start minutes later, for nobody.
_NOT_AGAIN = {"slurm": "#SBATCH --no-requeue\n", "pbspro": "#PBS -r n\n"}
#: For `srun`: the workers of a node get all its cores, and a node that is lost does not take the others with it.
WHOLE_NODES = "--ntasks-per-node=1 --cpus-per-task=$SLURM_CPUS_ON_NODE --cpu-bind=none --kill-on-bad-exit=0"


def serving(kind: str, labels: Sequence[str], *, card: bool = False) -> str:
    """Return the label of the executor that takes tasks of this kind; those with `card` want one in any case."""
    roles = ("gpu", *KINDS[kind].roles) if card else KINDS[kind].roles
    return next((role for role in roles if role in labels), labels[0])


def pool(
    label: str,
    provider: Any,
    *,
    workers_per_node: int,
    cores_per_worker: int = 1,
    memory_gb_per_worker: float | None = None,
    accelerators: int | Sequence[str] = (),
    maker: Maker = "nvidia",
    cpu_affinity: str = "block",
    drain_minutes: float | None = None,
    address: str | None = None,
) -> HostExecutor:
    """Return an executor whose workers are pinned to cores of their own and speak to the driver encrypted.

    A site's first pool takes what no other is labelled for. The interchange, which carries every task, dies with the
    driver: left alive it would keep the jobs running for nobody. Workers end when they have lost it. With
    `drain_minutes` a block takes no new task in that last part of its walltime. `accelerators` are the names of the
    cards by `maker` that each worker is pinned to, or their number, for one worker a card.
    """
    from reexplore.execution.shared_blocks import HostExecutor

    if maker not in MAKERS:
        raise InputError(f"'{maker}' makes no cards that are known here: give one of {', '.join(MAKERS)}")
    if isinstance(accelerators, int):
        accelerators = card_names(accelerators, 1) if accelerators else ()
    drain = None if drain_minutes is None else max(60, _seconds(provider.walltime) - round(60 * drain_minutes))
    executor: HostExecutor = _executor(
        HostExecutor,
        label=label,
        provider=provider,
        address=address,
        max_workers_per_node=workers_per_node,
        cores_per_worker=cores_per_worker,
        mem_per_worker=memory_gb_per_worker,
        available_accelerators=accelerators,
        cpu_affinity=cpu_affinity,
        drain_period=drain,
    )
    if accelerators:
        executor.maker = maker
        provider.worker_init += f"\nexport {SHARING}={len(accelerators) // len(set(accelerators))}"
    return executor


def card_pool(
    provider: Any,
    cards: int,
    *,
    workers_per_card: int = 1,
    maker: Maker = "nvidia",
    cpu_affinity: str = "block",
    drain_minutes: float | None = None,
    address: str | None = None,
) -> HostExecutor:
    """Return the pool `gpu`: on each node `cards` by one maker, each with so many workers."""
    names = card_names(cards, workers_per_card)
    return pool(
        "gpu",
        provider,
        workers_per_node=len(names),
        accelerators=names,
        maker=maker,
        cpu_affinity=cpu_affinity,
        drain_minutes=drain_minutes,
        address=address,
    )


def core_pool_beside(host: HostExecutor, *, workers_per_node: int, memory_gb_per_worker: float = 4) -> GuestExecutor:
    """Return the pool `cheap`: workers on the cores of the nodes whose cards a host's workers have.

    They live in the host's blocks. Without a pool `expensive` beside them the host takes what is labelled so.
    """
    from parsl.providers import LocalProvider

    from reexplore.execution.shared_blocks import GuestExecutor

    none = {"init_blocks": 0, "min_blocks": 0, "max_blocks": 0}
    guest: GuestExecutor = _executor(
        GuestExecutor,
        label="cheap",
        provider=LocalProvider(nodes_per_block=host.provider.nodes_per_block, **none),
        address=host.address,
        max_workers_per_node=workers_per_node,
        mem_per_worker=memory_gb_per_worker,
        cpu_affinity="none",
        drain_period=host.drain_period,
    )
    guest.host, host.guest = host, guest
    return guest


def _executor(kind: Any, *, provider: Any, max_workers_per_node: int, **more: Any) -> Any:
    cores = more.get("cores_per_worker", 1)
    if max_workers_per_node < 1 or cores < 1:
        raise InputError(f"{max_workers_per_node} workers of {cores} cores: give at least one of each")
    programs = Path(sys.executable).parent
    # Parsl looks its programs up on PATH, here and on the nodes: `.venv/bin/reexplore` has to work without activation.
    if str(programs) not in os.environ["PATH"].split(os.pathsep):
        os.environ["PATH"] = f"{programs}{os.pathsep}{os.environ['PATH']}"
    provider.worker_init = _PREPARE.format(programs=shlex.quote(str(programs))) + provider.worker_init
    if again := _NOT_AGAIN.get(provider.label):
        provider.scheduler_options = again + provider.scheduler_options
    executor = kind(
        provider=provider,
        max_workers_per_node=max_workers_per_node,
        encrypted=True,
        prefetch_capacity=0,
        heartbeat_period=15,
        heartbeat_threshold=60,
        # Parsl would fail every waiting task for a bad block; `Watch` stops the campaign instead.
        block_error_handler=False,
        interchange_launch_cmd=_tied_to_this_process(programs / "interchange.py"),
        **more,
    )
    executor.launch_cmd = launch_command(executor.launch_cmd)
    return executor


def _tied_to_this_process(program: Path) -> list[str]:
    setsid, setpriv = shutil.which("setsid"), shutil.which("setpriv")
    if not setsid or not setpriv:
        return [str(program)]
    # A session of its own: Ctrl-C in the terminal must reach the driver alone, which then stops the rest.
    return [setsid, setpriv, "--pdeathsig", "TERM", str(program)]


def _seconds(walltime: str) -> int:
    hours, minutes, seconds = (int(part) for part in walltime.split(":"))
    return 3600 * hours + 60 * minutes + seconds


def site_config(run_dir: Path, *pools: HostExecutor | GuestExecutor) -> Config:
    """Return the configuration of a site: lost nodes and workers are tried again, idle blocks are given back.

    Parsl's own memory of results stays off: the ledger and the store are what is remembered. Where some workers are
    pinned to cards the others see none: they would all take the first.
    """
    from parsl.config import Config

    if any(each.available_accelerators for each in pools):
        for each in pools:
            if not each.available_accelerators:
                each.launch_cmd = f"env {VISIBLE[0]}= {each.launch_cmd}"
    return Config(
        executors=list(pools),
        run_dir=str(run_dir),
        retries=LOST_NODES - 1,
        retry_handler=_retry_cost,
        strategy="htex_auto_scale",
        strategy_period=5,
        max_idletime=300,
        usage_tracking=0,
        exit_mode="skip",
    )


def _retry_cost(error: BaseException, _record: Any) -> float:
    # Every error but a lost machine, or a calculation that was ended from outside, is a verdict.
    costs = {"ManagerLost": 1, WorkerInterruptedError.__name__: 1, "WorkerLost": LOST_NODES / POISON}
    return costs.get(type(error).__name__, LOST_NODES)


def parse_options(given: Sequence[str]) -> dict[str, Any]:
    """Return options given as `key=value`, with values as YAML reads them; raise `InputError` at any other form."""
    options = {}
    for text in given:
        name, separator, value = text.partition("=")
        if not separator or not name.isidentifier():
            raise InputError(f"--option {text}: give it as key=value, as in --option workers_per_node=64")
        try:
            # A walltime is no number to the base of sixty, which YAML would make of it.
            options[name] = value if ":" in value else load_yaml(value)
        except (yaml.YAMLError, ValueError, RecursionError):
            raise InputError(f"--option {text}: the value is not YAML; quote it") from None
    return options


def check_site(path: Path, *, options: dict[str, Any]) -> None:
    """Compare options with what a site file takes, from its text alone: nothing of it is run.

    Raises `InputError` when it is no Python, defines no `make_config`, or the options are not its own.
    """
    needed = _options_of(path)
    for name, value in options.items():
        if name not in needed:
            raise InputError(f"{path} takes no option '{name}': its options are {', '.join(needed) or 'none'}")
        kind = needed[name].kind
        if kind in _KINDS and not isinstance(value, _KINDS[kind][0]):
            raise InputError(f"{path}: the option '{name}' is {_KINDS[kind][1]}, not {shown(value)}")
        if isinstance(value, int | float) and not 0 <= value <= _LARGEST_OPTION:
            raise InputError(f"{path}: the option '{name}' is {value:g}; numbers here are 0 to {_LARGEST_OPTION:,}")
    for name, option in needed.items():
        if option.needed and name not in options:
            raise InputError(
                f"{path} needs the option '{name}': give it under execution.options, or as --option {name}=..."
            )


@dataclass(frozen=True)
class _Option:
    """An option of a site file: whether it has to be given, and its type as it is written there."""

    needed: bool
    kind: str


#: Types that a site file may write, what they take, and what they are called.
_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "int": ((int,), "a whole number"),
    "float": ((int, float), "a number"),
    "str": ((str,), "a text"),
    "bool": ((bool,), "true or false"),
}


def _options_of(path: Path) -> dict[str, _Option]:
    """Return the options of a site file's `make_config` by name."""
    text = read_given_text(path, "site file", largest_bytes=_LARGEST_FILE_BYTES)
    try:
        tree = ast.parse(text, filename=str(path))
    except (SyntaxError, ValueError, RecursionError) as error:
        raise InputError(f"{path} is no Python: {error}") from None
    makers = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "make_config"]
    if not makers:
        raise InputError(f"{path}: a Parsl config file defines `make_config(run_dir, ...)`")
    taken = makers[-1].args
    positional = [*taken.posonlyargs, *taken.args]
    without_default = positional[: len(positional) - len(taken.defaults)]
    needed = [(argument, argument in without_default) for argument in positional]
    needed += [(a, default is None) for a, default in zip(taken.kwonlyargs, taken.kw_defaults, strict=True)]
    return {
        argument.arg: _Option(is_needed, ast.unparse(argument.annotation) if argument.annotation else "")
        for argument, is_needed in needed
        if argument.arg != "run_dir"
    }


def load_site(path: Path, *, run_dir: Path, options: dict[str, Any]) -> Config:
    """Run a site file and return the Parsl configuration it makes; raise `InputError` when it cannot."""
    check_site(path, options=options)
    try:
        # Unlike an import this leaves no `__pycache__` beside the file.
        make_config = runpy.run_path(str(path))["make_config"]
    except Exception as error:
        raise InputError(f"{path} cannot be imported: {type(error).__name__}: {error}") from error
    try:
        config: Config = make_config(run_dir, **options)
        workers = worker_count(config)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except Exception as error:
        raise InputError(
            f"{path} cannot make a configuration of execution.options: {type(error).__name__}: {error}"
        ) from error
    if workers < 1:
        raise InputError(f"{path} makes a configuration without workers: give at least one")
    require_reachable(config, run_dir)
    labels = [executor.label for executor in config.executors]
    if len(labels) > 1 and not set(labels) <= set(ROLES):
        raise InputError(f"{path}: several executors are labelled {', '.join(ROLES)}, not {', '.join(labels)}")
    return config


def worker_count(config: Config) -> int:
    """Return how many workers a configuration may start in all, counting nodes and blocks."""
    blocks_of = ((executor, getattr(executor, "host", executor).provider) for executor in config.executors)
    return sum(
        int(executor.max_workers_per_node) * provider.nodes_per_block * provider.max_blocks
        for executor, provider in blocks_of
    )
