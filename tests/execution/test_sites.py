"""Site files as tested functions: what they ask a scheduler for, and how faulty ones are refused."""

import re

import pytest

from reexplore.errors import InputError, WorkerInterruptedError
from reexplore.execution.cards import require_nvidia
from reexplore.execution.sites import LOST_NODES, check_site, load_site, parse_options, serving, worker_count
from reexplore.shipped import resolve, shipped_folder, shipped_names

#: What each shipped site cannot guess.
NEEDED = {
    "allocation": {},
    "aurora": {"account": "a"},
    "frontier": {"account": "a"},
    "local": {},
    "lsf": {"queue": "q", "cores_per_node": 32},
    "pbs": {"queue": "q", "cores_per_node": 32},
    "perlmutter": {"account": "a"},
    "polaris": {"account": "a"},
    "slurm": {"partition": "p"},
}


def site(name, run_dir, **options):
    return load_site(resolve("parsl_configs", name), run_dir=run_dir, options=NEEDED.get(name, {}) | options)


def test_every_shipped_site_is_tested():
    assert set(shipped_names("parsl_configs")) == set(NEEDED)


@pytest.mark.parametrize("name", NEEDED)
def test_a_shipped_site_is_encrypted_tied_to_its_driver_and_retries_what_is_lost(tmp_path, name):
    config = site(name, tmp_path)
    assert worker_count(config) >= 2
    assert config.run_dir == str(tmp_path)
    for executor in config.executors:
        assert executor.encrypted
        assert executor.interchange_launch_cmd[0].endswith("setsid")
        assert executor.interchange_launch_cmd[2:4] == ["--pdeathsig", "TERM"]
        assert executor.provider.worker_init.startswith("export PATH=")
    errors = {kind: type(kind, (Exception,), {})() for kind in ("WorkerLost", "ManagerLost", "ValueError")}
    errors["interrupted"] = WorkerInterruptedError("ended from outside")
    allowed = {kind: config.retries // config.retry_handler(error, {}) for kind, error in errors.items()}
    assert allowed == {"WorkerLost": 1, "ManagerLost": LOST_NODES - 1, "ValueError": 0, "interrupted": LOST_NODES - 1}


@pytest.mark.parametrize("name", sorted(set(NEEDED) - {"local", "allocation"}))
def test_a_site_with_a_scheduler_drains_and_submits_only_when_there_is_work(tmp_path, name):
    (executor,) = site(name, tmp_path, walltime="02:00:00", drain_minutes=20).executors
    assert executor.drain_period == 100 * 60
    assert (executor.provider.init_blocks, executor.provider.min_blocks) == (0, 0)
    assert executor.provider.walltime == "02:00:00"


@pytest.mark.parametrize(
    ("name", "line"),
    [("slurm", "#SBATCH --no-requeue"), ("frontier", "#SBATCH --no-requeue"), ("pbs", "#PBS -r n")],
)
def test_a_lost_block_is_not_put_back_into_the_queue(tmp_path, name, line):
    (executor,) = site(name, tmp_path).executors
    assert line in executor.provider.scheduler_options.splitlines()


@pytest.mark.parametrize("name", NEEDED)
def test_a_shipped_site_holds_no_account_and_no_path(name):
    text = (shipped_folder("parsl_configs") / f"{name}.py").read_text()
    assert not re.search(r"""["']/\w""", text)
    assert not re.search(r'account: [^=\n]* = "', text)
    if name not in ("local", "allocation", "slurm"):
        assert "was not run" in text.split('"""')[1].replace("\n", " ")


@pytest.mark.parametrize(("name", "gpus"), [("perlmutter", 4), ("polaris", 4), ("aurora", 12), ("frontier", 8)])
def test_gpu_workers_have_a_gpu_each(tmp_path, name, gpus):
    cpu, gpu = site(name, tmp_path, gpu_blocks=1).executors
    assert (cpu.label, gpu.label) == ("expensive", "gpu")
    assert gpu.available_accelerators == [f"card-{i}" for i in range(gpus)]
    assert gpu.workers_per_node == gpus


def test_the_tiles_of_aurora_get_eight_cores_each_and_leave_the_systems_alone(tmp_path):
    places = site("aurora", tmp_path, gpu_blocks=1).executors[1].cpu_affinity.split(":")[1:]
    cores = [
        core
        for place in places
        for first, last in (part.split("-") for part in place.split(","))
        for core in range(int(first), int(last) + 1)
    ]
    assert len(places) == 12
    assert len(set(cores)) == len(cores) == 12 * 16
    # The first core of each socket of 52, and its second thread.
    assert set(cores).isdisjoint({0, 52, 104, 156})


def test_slurm_with_a_role_for_everything(tmp_path):
    expensive, cheap, gpu = site("slurm", tmp_path, cheap_blocks=1, gpu_partition="g", gpus_per_node=2).executors
    assert [executor.label for executor in (expensive, cheap, gpu)] == ["expensive", "cheap", "gpu"]
    assert (expensive.provider.partition, gpu.provider.partition) == ("p", "g")
    assert gpu.provider.gpus_per_node == 2
    assert worker_count(site("slurm", tmp_path, max_blocks=3, workers_per_node=8, nodes_per_block=2)) == 48


def test_an_allocation_uses_every_node_of_its_job(tmp_path, monkeypatch):
    monkeypatch.setenv("SLURM_JOB_NUM_NODES", "3")
    workers, gpu = site("allocation", tmp_path, workers_per_node=4, gpus_per_node=2).executors
    assert worker_count(site("allocation", tmp_path, workers_per_node=4)) == 12
    commands = [e.provider.launcher("start workers", 1, 3, str(tmp_path)) for e in (workers, gpu)]
    assert all("srun --ntasks 3" in command for command in commands)
    assert workers.provider.worker_init.splitlines()[-1] != gpu.provider.worker_init.splitlines()[-1]
    hosts = tmp_path / "nodes"
    hosts.write_text("a\na\nb\n")
    monkeypatch.setenv("PBS_NODEFILE", str(hosts))
    assert worker_count(site("allocation", tmp_path, workers_per_node=4, launcher="mpiexec")) == 8


@pytest.mark.parametrize(
    ("labels", "energy", "member", "build"),
    [
        (["local"], "local", "local", "local"),
        (["cheap", "expensive"], "expensive", "expensive", "cheap"),
        (["cheap", "expensive", "gpu"], "expensive", "gpu", "cheap"),
        (["expensive", "gpu"], "expensive", "gpu", "expensive"),
    ],
)
def test_each_kind_of_task_goes_to_its_role(labels, energy, member, build):
    assert [serving(kind, labels) for kind in ("energy", "member", "build")] == [energy, member, build]
    assert serving("predict", labels) == member


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1", "defines `make_config"),
        ("import nowhere_at_all\ndef make_config(run_dir): ...", "cannot be imported"),
        ("def make_config(", "is no Python"),
        ("\x00", "is no Python"),
        ("undefined_name\ndef make_config(run_dir): ...", "cannot be imported: NameError"),
        ("def make_config(run_dir): return run_dir.walltime", "cannot make a configuration.*AttributeError"),
        ("def make_config(run_dir, *, account): ...", "needs the option 'account': give it under execution.options"),
    ],
)
def test_a_faulty_site_file_is_refused(tmp_path, text, message):
    (tmp_path / "site.py").write_text(text)
    with pytest.raises(InputError, match=message):
        load_site(tmp_path / "site.py", run_dir=tmp_path, options={})


def test_options_are_compared_without_running_anything(tmp_path):
    ran = tmp_path / "ran"
    (tmp_path / "site.py").write_text(
        f"open({str(ran)!r}, 'w').close()\n"
        f"def make_config(run_dir, account, *, walltime, workers=open({str(ran)!r}, 'w')): ...\n"
    )
    given = {"account": "x", "walltime": "1:00:00"}
    check_site(tmp_path / "site.py", options=given | {"workers": 4})
    with pytest.raises(InputError, match="takes no option 'wrkers': its options are account, walltime, workers"):
        check_site(tmp_path / "site.py", options=given | {"wrkers": 4})
    with pytest.raises(InputError, match="needs the option 'walltime'"):
        check_site(tmp_path / "site.py", options={"account": "x"})
    assert not ran.exists()


@pytest.mark.parametrize("name", shipped_names("parsl_configs"))
def test_the_options_of_a_shipped_site_are_read_from_its_text(name, tmp_path):
    path = resolve("parsl_configs", name)
    needed = NEEDED.get(name, {})
    check_site(path, options=needed)
    for option in needed:
        with pytest.raises(InputError, match=f"needs the option '{option}'"):
            check_site(path, options={k: v for k, v in needed.items() if k != option})


def test_executors_of_one_site_are_labelled_by_their_roles(tmp_path):
    (tmp_path / "site.py").write_text(
        "from parsl.providers import LocalProvider\n"
        "from reexplore.execution.sites import pool, site_config\n"
        "def make_config(run_dir):\n"
        "    pools = [pool(name, LocalProvider(), workers_per_node=1) for name in ('cheap', 'dear')]\n"
        "    return site_config(run_dir, *pools)\n"
    )
    with pytest.raises(InputError, match="labelled cheap, expensive, gpu, not cheap, dear"):
        load_site(tmp_path / "site.py", run_dir=tmp_path, options={})


@pytest.mark.parametrize("workers", [0, -1, "two"])
def test_a_configuration_without_workers_is_refused(tmp_path, workers):
    with pytest.raises(InputError, match=r"give at least one of each|numbers here are 0 to|is a whole number, not"):
        site("local", tmp_path, workers=workers)


def test_options_of_the_command_line_are_read_as_yaml_but_for_walltimes():
    given = ["workers=4", "partition=debug", "walltime=01:30:00", "worker_init=module load x=y"]
    assert parse_options(given) == {
        "workers": 4,
        "partition": "debug",
        "walltime": "01:30:00",
        "worker_init": "module load x=y",
    }
    for faulty in ("workers", "=4", "a b=4", "workers={"):
        with pytest.raises(InputError, match="--option"):
            parse_options([faulty])


def test_an_option_a_site_does_not_take_is_refused_with_those_it_takes(tmp_path):
    with pytest.raises(InputError, match=r"takes no option 'walltime': its options are workers"):
        site("local", tmp_path, walltime="01:00:00")


@pytest.mark.parametrize(
    ("name", "options", "cards", "cores"),
    [
        ("local", {"cards": 2, "workers_per_card": 3, "workers": 5}, 6, 5),
        ("perlmutter", {"gpu_blocks": 1, "max_blocks": 0, "workers_per_card": 2}, 8, 56),
        ("polaris", {"gpu_blocks": 1, "max_blocks": 0}, 4, 32),
        ("slurm", {"gpu_partition": "p", "gpus_per_node": 4}, 4, 16),
    ],
)
def test_cores_relax_and_cards_label_in_the_same_blocks(tmp_path, name, options, cards, cores):
    config = site(name, tmp_path, **options)
    gpu, cheap = config.executors
    assert (gpu.label, cheap.label) == ("gpu", "cheap")
    assert (gpu.workers_per_node, cheap.workers_per_node) == (cards, cores)
    assert cheap.provider.max_blocks == 0
    nodes = gpu.provider.nodes_per_block * gpu.provider.max_blocks
    assert worker_count(config) == nodes * (cards + cores)
    labels = [gpu.label, cheap.label]
    kinds = ("energy", "member", "build", "dft_relaxation")
    assert [serving(kind, labels) for kind in kinds] == ["gpu", "gpu", "cheap", "gpu"]
    # No other worker of the node takes a card.
    assert cheap.launch_cmd.startswith("env CUDA_VISIBLE_DEVICES= ")
    assert not gpu.launch_cmd.startswith("env")


def test_several_workers_of_a_card_stand_side_by_side_and_know_how_many_they_are(tmp_path):
    gpu = site("local", tmp_path, cards=2, workers_per_card=2).executors[0]
    assert gpu.available_accelerators == ["card-0", "card-0", "card-1", "card-1"]
    assert gpu.provider.worker_init.splitlines()[-1] == "export REEXPLORE_WORKERS_PER_CARD=2"
    with pytest.raises(InputError, match="2 cards with 0 workers each: give at least one"):
        site("local", tmp_path, cards=2, workers_per_card=0)


def test_a_site_of_one_s_own_may_name_its_cards(tmp_path):
    (tmp_path / "site.py").write_text(
        "from parsl.providers import LocalProvider\n"
        "from reexplore.execution.sites import pool, site_config\n"
        "def make_config(run_dir):\n"
        "    names = ['GPU-1', 'GPU-1', 'GPU-2', 'GPU-2']\n"
        "    return site_config(run_dir, pool('gpu', LocalProvider(), workers_per_node=4, accelerators=names))\n"
    )
    (gpu,) = load_site(tmp_path / "site.py", run_dir=tmp_path, options={}).executors
    assert gpu.available_accelerators == ["GPU-1", "GPU-1", "GPU-2", "GPU-2"]
    assert "REEXPLORE_WORKERS_PER_CARD=2" in gpu.provider.worker_init


@pytest.mark.parametrize(
    ("name", "options", "whose"),
    [
        ("frontier", {"gpu_blocks": 1}, "AMD"),
        ("aurora", {"gpu_blocks": 1}, "Intel"),
        ("slurm", {"gpu_partition": "standard-g", "gpu_maker": "amd"}, "AMD"),
    ],
)
def test_cards_that_no_label_can_be_computed_on_are_told_apart(tmp_path, name, options, whose):
    with pytest.raises(InputError, match=f"this site has {whose}'s: take auto"):
        require_nvidia(site(name, tmp_path, **options))
    require_nvidia(site("perlmutter", tmp_path, gpu_blocks=1))
    require_nvidia(site(name, tmp_path))


def test_a_maker_that_is_not_known_is_refused(tmp_path):
    with pytest.raises(InputError, match="'acme' makes no cards that are known here: give one of nvidia, amd, intel"):
        site("slurm", tmp_path, gpu_partition="g", gpu_maker="acme")
