"""Nothing from elsewhere is run, reached or obeyed: not by the code, not through a file, a name or a page."""

import ast
import io
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from rich.console import Console
from typer.testing import CliRunner

from reexplore.campaign.declaration.setup import prepare
from reexplore.campaign.driver import drive
from reexplore.campaign.running.progress import Narrator
from reexplore.cli import app as cli
from reexplore.cli.app import app
from reexplore.config import CampaignFile
from reexplore.energies.basis_sets import function_count
from reexplore.errors import InputError, one_line
from reexplore.inputs.strict_models import parse
from reexplore.shipped import is_shipped, shipped_folder
from tests.campaign.test_loop import SMALL
from tests.commands import reexplore
from tests.tracking.sample import campaign

ROOT = Path(__file__).parents[1]
SOURCES = [*sorted((ROOT / "src").rglob("*.py")), *sorted((ROOT / "parsl_configs").glob("*.py"))]

# --- the code

UNPACKERS = ("pickle", "dill", "marshal", "shelve", "joblib")


def called(node):
    """Return the dotted name of what a call calls."""
    parts, function = [], node.func
    while isinstance(function, ast.Attribute):
        parts.append(function.attr)
        function = function.value
    return ".".join(reversed([*parts, function.id])) if isinstance(function, ast.Name) else f".{'.'.join(parts[::-1])}"


def given(node, name):
    found = next((keyword.value for keyword in node.keywords if keyword.arg == name), None)
    return found.value if isinstance(found, ast.Constant) else None


def dangers(source):
    """Return every dangerous call of a source text."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
            yield from (name for name in names if name.split(".")[0] in UNPACKERS)
        if not isinstance(node, ast.Call):
            continue
        name = called(node)
        if name in ("eval", "exec", "compile", "__import__", "os.system", "os.popen", "tempfile.mktemp"):
            yield name
        if name.startswith("yaml.") and name.split(".")[1].startswith(("load", "unsafe", "full")):
            yield name
        if name in ("torch.load", "torch.jit.load") and given(node, "weights_only") is not True:
            yield name
        if name in ("np.load", "numpy.load") and given(node, "allow_pickle") is not False:
            yield name
        if given(node, "shell") is True:
            yield f"{name}(shell=True)"
        if name.endswith("Environment") and name != "openblas_environment" and given(node, "autoescape") is not True:
            yield f"{name} without autoescape"


#: It writes Markdown, in which HTML is switched off where it becomes a page: tests/tracking/test_documents.py has tags
#: in its texts, tests/campaign/results/test_written_report.py marks in names.
WRITES_MARKDOWN = ROOT / "src" / "reexplore" / "campaign" / "results" / "written_report.py"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_source_runs_or_unpacks_what_comes_from_elsewhere(path):
    found = set(dangers(path.read_text()))
    assert found == ({"Environment without autoescape"} if path == WRITES_MARKDOWN else set())


@pytest.mark.parametrize(
    "line",
    [
        "eval(x)",
        "import pickle",
        "from dill import loads",
        "yaml.load(x)",
        "yaml.unsafe_load(x)",
        "torch.load(x)",
        "torch.load(x, weights_only=False)",
        "np.load(x)",
        "np.load(x, allow_pickle=True)",
        "subprocess.run(x, shell=True)",
        "jinja2.Environment()",
        "os.system(x)",
    ],
)
def test_the_search_finds_what_it_looks_for(line):
    assert list(dangers(line)) != []


def test_the_only_code_that_is_imported_by_path_is_a_site():
    ways = ("runpy", "exec_module", "spec_from_file_location", "SourceFileLoader")
    found = [path.name for path in SOURCES if any(way in path.read_text() for way in ways)]
    assert found == ["sites.py"]


# --- paths in a campaign file


@pytest.fixture
def workspace(tmp_path):
    folder = tmp_path / "workspace"
    (folder / "campaigns").mkdir(parents=True)
    return folder


@pytest.fixture
def outside(tmp_path):
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "policy.yaml").write_text((shipped_folder("policies") / "greedy.yaml").read_text())
    (folder / "site.py").write_text(f"from pathlib import Path\nPath({str(folder / 'was-run')!r}).touch()\n")
    return folder


def written(folder, **changes):
    path = folder / "small.yaml"
    path.write_text(yaml.safe_dump(SMALL | changes))
    return str(path)


def naming(kind, place):
    return {
        "policy": {"policy": str(place / "policy.yaml")},
        "execution.parsl": {"execution": {"parsl": str(place / "site.py")}},
        "tracking.store": {"tracking": {"store": str(place / "mlflow")}},
    }[kind]


KINDS = ("policy", "execution.parsl", "tracking.store")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", ["absolute", "relative", "link"])
def test_what_lies_outside_is_refused_before_it_is_read_or_run(workspace, outside, kind, how):
    if how == "link":
        (workspace / "link").symlink_to(outside)
    place = {"absolute": outside, "relative": Path("../../outside"), "link": workspace / "link"}[how]
    if how == "relative" and kind == "tracking.store":
        place = Path("../outside")
    file = written(workspace / "campaigns", **naming(kind, place))
    with pytest.raises(InputError, match=rf"'{kind}': .* outside of the workspace .*--allow-outside"):
        prepare(file, workspace=workspace)
    assert not (outside / "was-run").exists()
    assert not (workspace / "runs").exists()


COMMANDS_THAT_SUBMIT_NOTHING = ("validate", "plan", "status", "report", "log")


@pytest.mark.parametrize("command", COMMANDS_THAT_SUBMIT_NOTHING)
def test_a_site_file_is_run_by_commands_that_submit_and_by_no_other(workspace, command):
    ran = workspace / "ran"
    text = f"open({str(ran)!r}, 'w').close()\ndef make_config(run_dir): raise RuntimeError('run')\n"
    for name in ("site.py", "local", "local.py"):
        (workspace / name).write_text(text)
        file = written(workspace, execution={"parsl": f"./{name}"})
        CliRunner().invoke(app, ["campaign", command, file, "--workspace", str(workspace)])
        assert not ran.exists()
    # A bare name is what we ship, whatever lies there.
    setup = prepare(written(workspace), workspace=workspace)
    assert is_shipped("parsl_configs", setup.site)
    assert not ran.exists()
    site = prepare(written(workspace, execution={"parsl": "site.py"}), workspace=workspace)
    with pytest.raises(InputError, match="cannot make a configuration"):
        drive(site, narrator=Narrator())
    assert ran.exists()
    assert not (workspace / "runs").exists()


def test_the_flag_lets_a_file_name_what_lies_outside(workspace, outside):
    runner = CliRunner()
    file = written(workspace / "campaigns", **naming("policy", outside))
    command = ["campaign", "validate", file, "--workspace", str(workspace)]
    refused = runner.invoke(app, command)
    assert isinstance(refused.exception, InputError)
    assert runner.invoke(app, ["--allow-outside", *command]).exit_code == 0
    # It holds for one command.
    assert isinstance(runner.invoke(app, command).exception, InputError)


def test_what_lies_in_the_workspace_beside_the_file_or_in_the_package_is_taken(workspace, outside, tmp_path):
    (workspace / "policies").mkdir()
    (workspace / "policies" / "own.yaml").write_text((outside / "policy.yaml").read_text())
    for name in ("../policies/own.yaml", str(workspace / "policies" / "own.yaml"), "greedy"):
        file = written(workspace / "campaigns", policy=name, tracking={"store": "runs/deeper/mlflow"})
        assert prepare(file, workspace=workspace).policy.name == "greedy"
        # Runs may go elsewhere than where the campaign is written down.
        assert prepare(file, workspace=tmp_path / "scratch").policy.name == "greedy"


def test_runs_may_be_a_link_to_a_larger_disk(workspace, tmp_path):
    (tmp_path / "large").mkdir()
    (workspace / "runs").symlink_to(tmp_path / "large")
    assert prepare(written(workspace / "campaigns"), workspace=workspace).tracking.startswith(str(tmp_path / "large"))


@pytest.mark.parametrize("address", ["sqlite:////tmp/other.db", "file:///etc", "ftp://there/x"])
def test_a_tracking_store_is_a_folder_or_a_server(workspace, address):
    with pytest.raises(InputError, match="neither a folder nor an address"):
        prepare(written(workspace, tracking={"store": address}), workspace=workspace)
    prepare(written(workspace, tracking={"store": "https://mlflow.example.org"}), workspace=workspace)


@pytest.mark.parametrize("name", ["../x", "/x", ".x", "x/y", "x\n", "x\x00", "~", "ü"])
def test_a_name_cannot_leave_its_folder(name):
    with pytest.raises(InputError):
        parse(CampaignFile, SMALL | {"name": name}, Path("x.yaml"))


@pytest.mark.parametrize("basis", ["../basis", "/tmp/basis", "./basis", "~/basis", "a/b", "a\nb", ""])
def test_a_basis_set_is_no_path(basis):
    own = {"name": "mine", "based_on": "quick", "ligand_basis": basis}
    with pytest.raises(InputError, match=r"'theory\.levels\.0\.ligand_basis'"):
        parse(CampaignFile, SMALL | {"theory": {"levels": [own]}}, Path("x.yaml"))


def test_a_file_with_the_name_of_a_basis_set_is_not_run(tmp_path, monkeypatch):
    # PySCF evaluates the numbers of a basis file as Python.
    (tmp_path / "6-31g").write_text("BASIS \"ao basis\" PRINT\nH S\n open('was-run','w') 1.0\nEND\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="is a file here"):
        function_count("6-31g", "H")
    assert not (tmp_path / "was-run").exists()


# --- names and sentences

EVIL = "[red]loud[/red] [link=http://x]here[/link] [/] </script><img src=x onerror=alert(1)>"


@pytest.mark.parametrize("name", [EVIL, "a b", "[b]", "<b>", "a'b", "a\x1b[31m", "", "-x"])
def test_a_name_of_the_users_own_has_no_markup(name):
    own = {"name": name, "smiles": "C[*:1]", "charge": 0}
    with pytest.raises(InputError):
        parse(CampaignFile, SMALL | {"space": SMALL["space"] | {"substituents": [own]}}, Path("x.yaml"))


@pytest.mark.parametrize("sentence", ["\x1b[2J", "\x9b31m", "\x00", "bell\x07", "\x7f"])
def test_a_sentence_of_the_users_own_has_no_control_characters(sentence):
    with pytest.raises(InputError, match="'description'"):
        parse(CampaignFile, SMALL | {"description": sentence}, Path("x.yaml"))


def test_a_warning_with_markup_is_shown_as_it_is(workspace):
    own = {"name": "mine", "smiles": "C[*:1]", "warning": EVIL}
    file = written(workspace, space=SMALL["space"] | {"substituents": ["H", own]})
    assert prepare(file, workspace=workspace).space.substituents[1].warning == EVIL


def test_a_report_in_the_terminal_shows_markup_and_obeys_none(monkeypatch):
    record = campaign()
    hostile = replace(record, rows=tuple(replace(row, warnings=(EVIL,)) for row in record.rows))
    screen = Console(file=io.StringIO(), width=400, force_terminal=True, soft_wrap=True, highlight=False)
    monkeypatch.setattr(cli, "console", screen)
    cli._show(hostile, top=9)
    assert f"! {EVIL}" in screen.file.getvalue()


def test_a_complaint_is_one_line_without_control_characters():
    assert one_line("a\nb\tc\x1b[31m\x9bd") == "a b c\N{REPLACEMENT CHARACTER}[31m\N{REPLACEMENT CHARACTER}d"


def test_a_complaint_shows_markup_and_obeys_none(tmp_path):
    ended = reexplore("campaign", "validate", "[red]x[/red]\x1b[31m", cwd=tmp_path)
    assert ended.returncode == 2
    assert "[red]x[/red]" in ended.stderr
    assert "\x1b" not in ended.stderr
