"""A real Slurm of two nodes on this machine, in a temporary folder: no systemd, no accounting, gone at the end."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.execution.processes import processes

PACKAGES = "slurmctld slurmd slurm-client munge"
NODES = ("n1", "n2")
_PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "setpriv")
_START_S = 60
#: Long enough for a busy machine; nothing waits for its end.
LONG_S = 120


def missing() -> str | None:
    """Return why no Slurm can be started here, or None."""
    programs = [name for name in _PROGRAMS if shutil.which(name) is None]
    if programs:
        return f"Slurm is not installed ({', '.join(programs)}): apt-get install --no-install-recommends {PACKAGES}"
    return None if os.geteuid() == 0 else "Slurm's daemons have to be started by root"


def wait_for(what: str, condition: Callable[[], object], *, timeout_s: float = LONG_S) -> None:
    """Return when the condition holds; raise `TimeoutError`, which says what never came."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"after {timeout_s:.0f} s still not: {what}")
        time.sleep(0.2)


@dataclass(frozen=True)
class Slurm:
    """A cluster that runs."""

    folder: Path
    environment: dict[str, str]

    def ask(self, *command: str) -> str:
        """Return what a command of Slurm prints."""
        told = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True)
        return told.stdout.strip()

    def jobs(self, *states: str) -> list[str]:
        """Return the ids of all jobs, or of those in these states (`PD`, `R`, `TO`, …), oldest first."""
        lines = self.ask("squeue", "--noheader", "--states=all", "--sort=i", "--format=%i %t").splitlines()
        found = [line.split() for line in lines]
        return [job for job, state in found if not states or state in states]

    def node_of(self, job: str) -> str:
        """Return the node on which a job runs."""
        return self.ask("squeue", "--noheader", f"--job={job}", "--format=%N")

    def end_walltime(self, job: str) -> None:
        """Let the walltime of a running job end now; Slurm kills it as it would have done then."""
        self.ask("scontrol", "update", f"JobId={job}", "EndTime=now+1seconds")

    def kill_node(self, node: str) -> None:
        """Take a node away as if its power had failed: the daemon and all that ran on it."""
        self._daemon(f"slurmd.{node}").kill()
        victims = [process for process in processes() if self._runs_on(node, process)]
        # The daemons of its jobs first: they would tell the controller how the jobs ended.
        steps = [parent for p in victims if (parent := p.parent()) and "slurmstepd" in parent.cmdline()[0]]
        for process in (*steps, *victims):
            with suppress(psutil.Error):
                process.kill()
        # What a site's health check does. Slurm's own pings take minutes to give a node up on a busy machine.
        self.ask("scontrol", "update", f"NodeName={node}", "State=DOWN", "Reason=gone")

    def _runs_on(self, node: str, process: psutil.Process) -> bool:
        with suppress(psutil.Error):
            found = process.environ()
            return found.get("SLURM_CONF") == self.environment["SLURM_CONF"] and found.get("SLURMD_NODENAME") == node
        return False

    def _daemon(self, name: str) -> psutil.Process:
        return psutil.Process(int((self.folder / f"{name}.pid").read_text()))


@contextmanager
def cluster(folder: Path) -> Iterator[Slurm]:
    """Start Slurm in a folder, and end it with everything that ran on it."""
    with ExitStack() as stack:
        environment = os.environ | {"SLURM_CONF": str(folder / "slurm.conf")}
        (folder / "munge.key").write_bytes(os.urandom(1024))
        (folder / "munge.key").chmod(0o600)
        # munged insists on a folder into which others may look, for its socket.
        folder.chmod(0o755)
        (folder / "slurm.conf").write_text(_configuration(folder))
        slurm = Slurm(folder, environment)

        def start(name: str, *command: str) -> None:
            # Should the tests be killed, their cluster is to end with them.
            tied = ("setpriv", "--pdeathsig", "TERM", *command)
            with (folder / f"{name}.log").open("wb") as log:
                daemon = subprocess.Popen(tied, env=environment, stdout=log, stderr=log)
            (folder / f"{name}.pid").write_text(str(daemon.pid))
            stack.callback(_end, daemon)

        key, socket_path = folder / "munge.key", folder / "munge.socket"
        own = (f"--key-file={key}", f"--socket={socket_path}", f"--pid-file={folder}/own.pid")
        start("munged", "munged", "--foreground", "--force", *own, f"--seed-file={folder}/munge.seed")
        wait_for("munged listens", socket_path.exists, timeout_s=_START_S)
        start("slurmctld", "slurmctld", "-D")
        for node in NODES:
            start(f"slurmd.{node}", "slurmd", "-D", "-N", node)
        wait_for("both nodes are idle", lambda: _idle(slurm) == len(NODES), timeout_s=_START_S)
        stack.callback(_cancel_all, slurm)
        yield slurm


def _configuration(folder: Path) -> str:
    host = socket.gethostname().split(".")[0]
    controller, *nodes = _free_ports(1 + len(NODES))
    lines = [
        "ClusterName=reexplore",
        f"SlurmctldHost={host}(127.0.0.1)",
        f"SlurmctldPort={controller}",
        "SlurmUser=root",
        "SlurmdUser=root",
        "AuthType=auth/munge",
        f"AuthInfo=socket={folder}/munge.socket",
        "CredType=cred/munge",
        f"StateSaveLocation={folder}/state",
        f"SlurmdSpoolDir={folder}/spool/%n",
        f"SlurmctldPidFile={folder}/own.slurmctld.pid",
        f"SlurmdPidFile={folder}/own.slurmd.%n.pid",
        "ProctrackType=proctrack/linuxproc",
        "TaskPlugin=task/none",
        "SwitchType=switch/none",
        "MpiDefault=none",
        "JobAcctGatherType=jobacct_gather/none",
        "AccountingStorageType=accounting_storage/none",
        "SelectType=select/cons_tres",
        "SelectTypeParameters=CR_Core",
        "SlurmdParameters=config_overrides",
        "SchedulerType=sched/builtin",
        "SchedulerParameters=batch_sched_delay=0,sched_interval=1",
        "ReturnToService=2",
        # A job that was forgotten would look to Parsl as if it ran for ever.
        "MinJobAge=3600",
        "KillWait=2",
        "InactiveLimit=0",
        "OverTimeLimit=0",
        "SlurmctldTimeout=30",
        "SlurmdTimeout=10",
    ]
    for node, port in zip(NODES, nodes, strict=True):
        lines.append(
            f"NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={port}"
            " CPUs=2 Sockets=1 CoresPerSocket=2 ThreadsPerCore=1 RealMemory=4000 State=UNKNOWN"
        )
    lines.append(f"PartitionName=debug Nodes={','.join(NODES)} Default=YES MaxTime=1:00:00 State=UP")
    for name in ("state", "spool"):
        (folder / name).mkdir()
    return "\n".join(lines) + "\n"


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _idle(slurm: Slurm) -> int:
    with suppress(subprocess.CalledProcessError):
        return len(slurm.ask("sinfo", "--noheader", "-N", "--states=idle", "--format=%N").split())
    return 0


def _cancel_all(slurm: Slurm) -> None:
    if left := slurm.jobs("PD", "R", "CG"):
        slurm.ask("scancel", *left)
        with suppress(TimeoutError):
            wait_for("jobs have ended", lambda: not slurm.jobs("R", "CG"), timeout_s=15)


def _end(daemon: subprocess.Popen[bytes]) -> None:
    daemon.terminate()
    try:
        daemon.wait(timeout=10)
    except subprocess.TimeoutExpired:
        daemon.kill()
        daemon.wait()
