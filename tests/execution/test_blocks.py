"""Blocks are judged, and the jobs of a dead driver are found; no batch system is needed for that."""

from types import SimpleNamespace

import pytest
from parsl.executors.high_throughput.errors import CommandClientTimeoutError
from parsl.jobs.states import JobState, JobStatus
from parsl.launchers import SimpleLauncher
from parsl.providers.cluster_provider import ClusterProvider

from reexplore.execution import blocks
from reexplore.execution.blocks import Jobs, Watch


class Interchange:
    """A process that lives until it is killed, and answers with the managers it knows."""

    def __init__(self, managers):
        self.managers, self.dead = managers, False

    def poll(self):
        return -9 if self.dead else None

    def kill(self):
        self.dead = True

    def run(self, message, *, timeout_s):
        assert (message, timeout_s) == ("MANAGERS", 30)
        if self.managers is None:
            raise CommandClientTimeoutError("no answer")
        return self.managers


def executor(*states, waiting=1, managers=(), **told):
    interchange = Interchange(managers)
    return SimpleNamespace(
        label="dear",
        interchange_proc=interchange,
        command_client=interchange,
        outstanding=lambda: waiting,
        status_facade={str(n): JobStatus(state, **told) for n, state in enumerate(states)},
    )


def test_three_blocks_that_failed_end_it_with_what_the_last_one_said(tmp_path):
    said = tmp_path / "job.stderr"
    said.write_text("Loading\n\nmodule: no such module 'anaconda'\n")
    watched = executor(*[JobState.FAILED] * 3, stderr_path=str(said))
    assert "3 blocks of executor 'dear' failed" in Watch(watched).complaint()
    assert f"Loading; module: no such module 'anaconda' (see {said})" in Watch(watched).complaint()


def test_a_refused_submission_is_told_in_the_schedulers_words():
    message = "Failed to start block 0: Cannot launch job; stderr=sbatch: error: invalid account\n"
    watched = executor(JobState.FAILED, JobState.FAILED, JobState.MISSING, message=message)
    assert Watch(watched).complaint().endswith("from them: sbatch: error: invalid account")


def test_blocks_that_failed_before_a_task_came_back_do_not_count():
    watched = executor(*[JobState.FAILED] * 3, JobState.RUNNING, managers=["node"])
    watch = Watch(watched)
    watch.came_back()
    assert watch.complaint() is None
    watched.status_facade |= {str(n): JobStatus(JobState.FAILED) for n in (4, 5)}
    assert watch.complaint() is None
    watched.status_facade["6"] = JobStatus(JobState.FAILED)
    assert watch.complaint().startswith("3 blocks")


@pytest.mark.parametrize(
    "ordinary",
    [
        executor(JobState.TIMEOUT, JobState.CANCELLED, JobState.COMPLETED, JobState.SCALED_IN, managers=["node"]),
        executor(JobState.RUNNING, managers=["node"]),
        executor(JobState.PENDING),
        executor(waiting=0),
    ],
)
def test_blocks_that_end_or_wait_in_the_queue_are_ordinary(monkeypatch, ordinary):
    monkeypatch.setattr(blocks, "_SILENCE_S", 0.0)
    assert Watch(ordinary).complaint() is None


def test_tasks_that_wait_for_workers_which_never_connect_end_it_in_time(monkeypatch):
    # A block that a purged job id leaves "running" for ever.
    watched = executor(JobState.RUNNING, waiting=7)
    watch = Watch(watched)
    now = 1000.0
    monkeypatch.setattr(blocks.time, "monotonic", lambda: now)
    assert watch.complaint() is None
    now += 599
    assert watch.complaint() is None
    now += 2
    assert watch.complaint().startswith("7 tasks wait for executor 'dear', but for 10 minutes no worker")
    watched.command_client.managers = ["node"]
    assert watch.complaint() is None
    watched.command_client.managers = []
    assert watch.complaint() is None, "the time counts from when the last worker was seen"


def test_an_interchange_that_died_or_does_not_answer_is_dead():
    watched = executor(JobState.RUNNING, managers=None)
    watch = Watch(watched)
    watch.complaint()
    assert not watch.interchange_lives
    assert watch.complaint() == "Parsl's interchange of executor 'dear' has died"


class Batch(ClusterProvider):
    """A batch system in memory."""

    def __init__(self, queue):
        super().__init__("batch", 1, 0, 0, 1, 1, "00:10:00", SimpleLauncher())
        self.queue = queue

    def submit(self, *_command):
        job = str(len(self.queue) + 1)
        self.queue[job] = JobState.PENDING
        self.resources[job] = {"status": JobStatus(JobState.PENDING)}
        return job

    def _status(self):
        for job in self.resources:
            self.resources[job]["status"] = JobStatus(self.queue.get(job, JobState.COMPLETED))

    def cancel(self, job_ids):
        for job in job_ids:
            self.queue[job] = JobState.CANCELLED
        return [True for _ in job_ids]

    @property
    def status_polling_interval(self):
        return 1


def site(queue):
    return SimpleNamespace(label="dear", provider=Batch(queue))


def test_what_a_dead_driver_left_is_cancelled_once_and_told(tmp_path):
    queue = {}
    dead = site(queue)
    jobs = Jobs(tmp_path / "jobs.jsonl")
    jobs.record(dead)
    for _ in range(3):
        dead.provider.submit("start workers", 1)
    queue |= {"1": JobState.COMPLETED, "2": JobState.RUNNING}
    with (tmp_path / "jobs.jsonl").open("a") as file:
        file.write('{"id": "4", "exec')  # it died while it wrote this
    told = Jobs(tmp_path / "jobs.jsonl").cancel_orphans([site(queue)])
    assert told == [f"batch job {n} of the driver before was cancelled" for n in (2, 3)]
    assert queue == {"1": JobState.COMPLETED, "2": JobState.CANCELLED, "3": JobState.CANCELLED}
    assert Jobs(tmp_path / "jobs.jsonl").cancel_orphans([site(queue)]) == []


def test_jobs_of_another_batch_system_are_named_and_left(tmp_path):
    dead = site({})
    jobs = Jobs(tmp_path / "jobs.jsonl")
    jobs.record(dead)
    dead.provider.submit("start workers", 1)
    here = SimpleNamespace(label="local", provider=SimpleNamespace(label="local"))
    assert jobs.cancel_orphans([here]) == ["batch job 1 of the driver before cannot be reached from this site file"]


@pytest.mark.parametrize(
    "line",
    [
        '{"id": "1; touch OBEYED", "executor": "dear", "system": "batch"}',
        '{"id": "$(touch OBEYED)", "executor": "dear", "system": "batch"}',
        '{"id": "12\\n13", "executor": "dear", "system": "batch"}',
        '{"id": 12, "executor": "dear", "system": "batch"}',
        '{"id": "12", "executor": "dear"}',
        '{"id": "-u root", "executor": "dear", "system": "batch"}',
        '{"id": "' + "1" * 500 + '", "executor": "dear", "system": "batch"}',
        "[]",
        "12",
        "garbage",
        "[" * 100_000,
        "",
    ],
)
def test_a_line_that_names_no_batch_job_is_told_and_never_asked_for(tmp_path, monkeypatch, line):
    asked = []
    monkeypatch.setattr(blocks, "_still_there", lambda _, job: asked.append(job))
    (tmp_path / "jobs.jsonl").write_text(f'{line}\n{{"id": "77", "executor": "dear", "system": "batch"}}\n')
    told = Jobs(tmp_path / "jobs.jsonl").cancel_orphans([site({})])
    assert asked == ["77"]
    assert "1 of 2 lines name no batch job" in told[0]


@pytest.mark.parametrize("job", ["1", "123456", "12_3", "4711.server-01.cluster.org", "12[].pbs", "12[3].pbs"])
def test_job_numbers_of_batch_systems_are_taken(job):
    assert blocks._job(f'{{"id": "{job}", "executor": "dear", "system": "pbspro"}}')["id"] == job
