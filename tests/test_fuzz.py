"""A thousand mangled campaign files and result files: each is read, or refused in one line."""

import copy
import json
import random

import pytest
import yaml

from reexplore.campaign.declaration.setup import prepare
from reexplore.campaign.declaration.space import require_size
from reexplore.campaign.results.plan import plan_campaign
from reexplore.errors import Failure, FailureCode, InputError, MissingEngineError
from reexplore.execution.store import RESULT, Outcome, Store

#: Every key a campaign file may have.
WHOLE = {
    "name": "whole",
    "description": "everything a file may say",
    "space": {
        "scaffolds": ["HOPO", {"name": "own", "smiles": "[O:11]=C([*:1])N(C)[O-:12]", "charge": -1, "warning": "mine"}],
        "substituents": ["H", "methyl", {"name": "propyl", "smiles": "CCC[*:1]", "charge": 0}],
        "metals": ["La", "Lu"],
        "coordinations": [{"ligands": 1, "waters": 6, "coordination_number": 8}],
        "limit": 20000,
    },
    "theory": {
        "level": "teacher",
        "levels": [{"name": "mine", "based_on": "quick", "grid_level": 3, "energy_tolerance_hartree": 1e-7}],
        "builders": ["sketch"],
        "architector_starts": 3,
        "relaxation": "tblite",
        "ligand_conformers": 10,
    },
    "surrogate": {"members": 2, "readout": "metal", "uncertainty_floor_kcal_mol": 5.0},
    "policy": "balanced",
    "budget": {"seed_labels": 4, "batch": 2, "labels": 6, "core_hours": 10.5},
    "seed": 2026,
    "execution": {
        "parsl": "local",
        "options": {"workers": 2},
        "escalation": {"out_of_memory": {"tries": 1, "memory_factor": 2}},
    },
    "steering": "rounds",
    "tracking": {"store": "runs/_mlflow"},
}

JUNK = (
    *(None, True, False, 0, -1, 1, 3, 10**6, 10**30, -(10**400), 0.0, -0.5, 1e308, float("nan"), float("inf"), 1e-320),
    *("", " ", "x", "La", "H", "CAM", "2", "1e3", "null", "~", "../..", "/", "/dev/null", "a\nb", "\x00", "\x1b[31m"),
    *(
        "é" * 50,
        "\ud7ff\U0001f9ea",
        "[*:1]",
        "C[*:1]",
        "[*:1]C[*:1]",
        "[Xx]",
        "C" * 400,
        "(((",
        "%s%n",
        "{x}",
        "[/red]",
    ),
    *("http://", "file:///x", "sqlite:///x", "quick", "teacher", "architector", "slurm", "local.py", "explore"),
    *([], [[]], {}, [None], ["x"] * 3, {"x": 1}, {"name": "x"}, [{"name": "x", "smiles": "C[*:1]", "charge": 0}]),
    *({1: 2}, {None: None}, {True: {}}, [1, "x", {}], b"bytes", ["La", "La"], ["H", "H"]),
)

SNIPPETS = (
    *(
        b"\xff\xfe",
        b"\x00",
        b"\x80",
        b"\xc3",
        b"\xef\xbb\xbf",
        b"\t",
        b"\r",
        b"---\n",
        b"...\n",
        b"%YAML 9.9\n",
        b"%TAG",
    ),
    *(b"&a ", b"*a", b"<<: *a\n", b"!!python/object/apply:os.system ['touch was-run']\n", b"!!set {a}", b"!!binary x"),
    *(b"? [a]\n: b\n", b"{", b"}", b"[", b"]", b": ", b"- ", b"| \n", b"> \n", b"'", b'"', b"#", b"!", b"@", b"`"),
    *(b"9" * 5000, b"0x" + b"f" * 5000, b"1:2:3:4", b"2026-13-99", b"2026-01-01", b".nan", b"-.inf", b"=", b"1_000"),
)


def places(data, path=()):
    """Return the path of everything inside nested mappings and lists."""
    found = [path] if path else []
    inside = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return found + [deeper for key, value in inside for deeper in places(value, (*path, key))]


def altered(dice, data):
    """Return data with one thing dropped, replaced, renamed, wrapped, doubled or swapped."""
    data = copy.deepcopy(data)
    *way, last = dice.choice(places(data))
    holder = data
    for key in way:
        holder = holder[key]
    value = holder[last]
    action = dice.randrange(6)
    if action == 0:
        del holder[last]
    elif action == 1:
        holder[last] = copy.deepcopy(dice.choice(JUNK))
    elif action == 2 and isinstance(holder, dict):
        del holder[last]
        holder[dice.choice((f"{last}s", str(last)[:-1], str(last).upper(), 3, None, "é"))] = value
    elif action == 3:
        holder[last] = [value]
    elif action == 4:
        holder[last] = {last: value}
    else:
        holder[last] = data
        holder[last] = copy.deepcopy(dice.choice([value, value, way, WHOLE["space"], list(WHOLE)]))
    return data


def torn(dice, text):
    """Return bytes flipped, cut out, doubled or with something foreign among them."""
    data = bytearray(text)
    for _ in range(dice.choice((1, 1, 1, 2, 5, 30))):
        at = dice.randrange(len(data) + 1)
        action = dice.randrange(5)
        if action == 0 and at < len(data):
            data[at] ^= 1 << dice.randrange(8)
        elif action == 1:
            del data[at : at + dice.randrange(1, 60)]
        elif action == 2:
            data[at:at] = dice.choice(SNIPPETS)
        elif action == 3:
            data[at:at] = data[at : at + dice.randrange(1, 60)]
        else:
            del data[at:]
        if not data:
            break
    return bytes(data)


def bombs():
    """Yield files that are small and mean much, or mean themselves."""
    whole = yaml.safe_dump(WHOLE).encode()
    yield b""
    yield b"[" * 100_000
    yield b"{a: " * 20_000
    yield b"- " * 50_000
    yield b"a: &a [*a]\n" + whole
    yield b"space: &s {scaffolds: [*s]}\nname: x\n"
    layers = [b"a0: &a0 [x, x, x, x, x, x, x, x, x]\n"]
    layers += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n".encode() for n in range(1, 9)]
    yield b"".join(layers) + whole
    yield b"".join(layers) + whole.replace(b"metals:\n", b"metals: *a8\n  not_metals:\n")
    yield whole.replace(b"description: everything a file may say", b"description: *nothing")
    yield whole + b"---\n" + whole
    yield whole.replace(b"limit: 20000", b"limit: " + b"9" * 4000)
    yield whole + b"x: !!python/object/apply:os.system ['touch was-run']\n"
    yield whole.decode().encode("utf-16")
    yield b"name: " + b"x" * 10**6


def campaign_files(count):
    dice = random.Random(20261121)
    yield from bombs()
    for number in range(count):
        data = WHOLE
        if number % 2 == 0:
            for _ in range(dice.choice((1, 1, 1, 2, 4))):
                data = altered(dice, data) if data else data
            yield yaml.safe_dump(data, allow_unicode=True).encode("utf-8", "surrogatepass")
        else:
            yield torn(dice, yaml.safe_dump(data).encode())


def reading(path, workspace):
    """Return the sentence that refuses a file, or nothing when it is read and its cost is known."""
    try:
        setup = prepare(str(path), workspace=workspace)
        require_size(setup.space, setup.file.space.limit)
        plan_campaign(setup)
    except (InputError, MissingEngineError) as refused:
        return str(refused)
    return ""


def test_a_thousand_mangled_campaign_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "whole.yaml"
    path.write_text(yaml.safe_dump(WHOLE))
    assert reading(path, tmp_path) == ""
    told = []
    for number, text in enumerate(campaign_files(1000)):
        path.write_bytes(text)
        try:
            sentence = reading(path, tmp_path)
        except Exception as error:
            (tmp_path / "culprit.yaml").write_bytes(text)
            raise AssertionError(f"file {number}, kept in {tmp_path / 'culprit.yaml'}") from error
        assert len(sentence.splitlines()) <= 1, sentence
        assert len(sentence) < 1000, sentence
        told.append(sentence)
    assert sum(map(bool, told)) > 600
    assert told.count("") > 50
    assert not (tmp_path / "was-run").exists()
    assert not (tmp_path / "runs").exists()


OUTCOMES = (
    Outcome(
        {"extxyz": "2\ncharge=0\nH 0 0 0\nH 0 0 1\n", "energies": [-1.5, 1e-9], "deep": {"a": [None, True]}}, None, {}
    ),
    Outcome(None, Failure(FailureCode.DONOR_LOST, "quality", "too far", {"atoms": [1, 2]}), {"wall_s": 1.5}),
)


@pytest.mark.parametrize("outcome", OUTCOMES, ids=("value", "failure"))
def test_a_thousand_mangled_result_files(tmp_path, outcome):
    dice = random.Random(7)
    store = Store(tmp_path)
    key = "ab" * 16
    store.publish(store.workspace(key), key, outcome)
    path = store.folder(key) / RESULT
    good = path.read_bytes()
    written = json.loads(good)
    whole = 0
    for number in range(500):
        text = json.dumps(altered(dice, written), default=str).encode() if number % 2 == 0 else torn(dice, good)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
        found = store.outcome(key)
        # What is read is what was written; everything else is set aside, and computed again.
        assert found in (outcome, None)
        assert path.exists() == (found is not None)
        whole += found is not None
    assert whole < 100
    assert len(list((tmp_path / "_quarantine").iterdir())) == 500 - whole


@pytest.mark.parametrize("key", ["functional", "ligand_basis", "dispersion"])
def test_parts_of_a_level_that_no_program_knows(tmp_path, key):
    dice = random.Random(3)
    parts = ["()", "1e999*pbe", "pbe,pbe,pbe", "rsh(0,0,0)", "d4:", "d4:x", "sto-3g@9s9p", "@", "unc-unc-x", "6-31g(d,"]
    parts += [
        "".join(dice.choice("b3lyp+-*/(),.;_ 019HFx@d4:") for _ in range(dice.randrange(1, 12))) for _ in range(90)
    ]
    path = tmp_path / "whole.yaml"
    told = []
    for part in parts:
        own = {"name": "mine", "based_on": "quick", "dispersion": "d4:pbe"} | {key: part}
        theory = {"level": "mine", "levels": [own], "builders": ["placement"]}
        path.write_text(yaml.safe_dump(WHOLE | {"theory": theory}))
        told.append(reading(path, tmp_path))
        assert len(told[-1].splitlines()) <= 1
    # A few of them mean something after all.
    assert sum("'mine'" in sentence or "theory.levels.0" in sentence for sentence in told) > 0.9 * len(parts)
