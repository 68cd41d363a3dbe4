"""Bad inputs for every way in: campaign files, policies, levels, structures, ligands, tables and options."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from reexplore.campaign.declaration.setup import prepare
from reexplore.campaign.loop import open_campaign
from reexplore.campaign.running.external_energies import awaited_folder, declare_elsewhere
from reexplore.energies.interchange.importing import COLUMNS
from tests.attacks.refusals import Spoiled, lacks, spoiled
from tests.attacks.trial import Answer, ask, outside
from tests.test_fuzz import JUNK, WHOLE, altered, bombs, torn

WATER = "3\ncharge=0\nO 0 0 0.12\nH 0 0.76 -0.47\nH 0 -0.76 -0.47\n"
AQUA = "25\ncharge=3\nLa 0 0 0\n" + "".join(
    f"O {x:.3f} {y:.3f} {z:.3f}\nH {1.24 * x:.3f} {1.24 * y + 0.6:.3f} {1.24 * z:.3f}\n"
    f"H {1.24 * x:.3f} {1.24 * y - 0.6:.3f} {1.24 * z:.3f}\n"
    for x, y, z in [(s * 1.45, t * 1.45, u * 1.45) for s in (1, -1) for t in (1, -1) for u in (1, -1)]
)
POLICY = {
    "name": "mine",
    "description": "a policy",
    "acquisition": "qUpperConfidenceBound",
    "beta": 2.0,
    "samples": 64,
    "shortlist": 40,
    "shortlist_random": 10,
    "random_controls": 1,
}
SURFACE = {
    "name": "mine",
    "corrections": [
        {"metal": "La", "donor": "phenolate", "height_hartree": 0.01, "decay_per_bohr": 1.5, "at_angstrom": 2.4},
    ],
}
GOAL = {"property": "selectivity", "metals": ["Lu", "La"], "direction": "lower"}
CONSTRAINTS = [
    {"sa_score": {"at_most": 6.5}},
    {"molecular_weight": {"at_least": 20, "at_most": 900}},
    {"without": ["[N+](=O)[O-]", "S"]},
    {"ligand_charge": [-1, -2]},
]
#: And what a file may say besides, which would keep it from other attacks.
EVERYTHING = WHOLE | {
    "constraints": CONSTRAINTS,
    "space": WHOLE["space"]
    | {
        "scaffolds": ["HOPO", WHOLE["space"]["scaffolds"][1] | {"donors": {"both": [11, 12]}}],
    },
}
#: The energy that a waiting campaign waits for.
AWAITED = "ab" * 16
TABLE = f"{','.join(COLUMNS)}\nwater.inp,{AWAITED},H2O,0,1,-76.5,ORCA,6.0.1\n"
SMILES = ("CC(=O)N[O-]", "[O-]c1ccccc1", "CC(=O)[O-]", "O=c1cccc[nH]1", "C[N+](C)(C)CC([O-])=O", "[O:11]=CN[O-:12]")
#: The exit code of a file or an option that is wrong.
_REFUSED = 2
_ALPHABET = "CNOPSHFcnos()[]=#@+-.:/\\%0123456789*~$&;'\"`{}<>|!? \n\t\x00é½🧪"
_NUMBERS = ("-1", "0", "1e309", "nan", "inf", "0x10", "1_000", "9" * 400, "", " ", "1,5", "½", "--", "-0", "1e3", "+7")


@dataclass(frozen=True)
class Case:
    """One bad input: by which way it comes, the command's arguments and the files they name."""

    way: str
    arguments: tuple[str, ...]
    files: dict[str, bytes] = field(default_factory=dict)
    #: What a refusal has to name, where one field is spoiled and known.
    spoiled: Spoiled | None = None


def cases(seed: int, count: int) -> Iterator[Case]:
    """Yield so many bad inputs, the ways in by turns; the same seed yields the same."""
    dice = random.Random(seed)
    whole = bombs()
    for number in range(count):
        way = _WAYS[number % len(_WAYS)]
        if way is _campaign and (bomb := next(whole, None)) is not None:
            yield Case("campaign file", ("campaign", "validate", "bad.yaml"), {"bad.yaml": bomb})
        else:
            yield way(dice)


def _mangled(dice: random.Random, data: dict[str, Any]) -> bytes:
    if dice.random() < 0.4:
        return torn(dice, yaml.safe_dump(data).encode())
    for _ in range(dice.choice((1, 1, 1, 2))):
        data = altered(dice, data) if data else data
    return yaml.safe_dump(data, allow_unicode=True).encode("utf-8", "surrogatepass")


def _campaign(dice: random.Random) -> Case:
    command = dice.choice(("validate", "plan", "resume", "status", "report", "run", "log", "export"))
    arguments = ("campaign", command, "bad.yaml")
    if command == "run":
        # What is whole after all is refused for its site, and runs nothing.
        arguments = (*arguments, "--site", "nowhere")
    return Case("campaign file", arguments, {"bad.yaml": _mangled(dice, WHOLE)})


def _policy(dice: random.Random) -> Case:
    files = {
        "good.yaml": yaml.safe_dump(WHOLE | {"policy": "./mine.yaml"}).encode(),
        "mine.yaml": _mangled(dice, POLICY),
    }
    return Case("policy", ("campaign", "validate", "good.yaml"), files)


def _own_level(dice: random.Random) -> Case:
    level = _altered_entry(dice, WHOLE["theory"]["levels"][0])
    theory = {"level": "mine", "levels": [level], "builders": ["placement"]}
    arguments = dice.choice((("levels", "show", "mine", "--campaign", "bad.yaml"), ("campaign", "plan", "bad.yaml")))
    return Case("own level", arguments, {"bad.yaml": yaml.safe_dump(WHOLE | {"theory": theory}).encode()})


def _own_surface(dice: random.Random) -> Case:
    surface = _altered_entry(dice, SURFACE | {"corrections": [_altered_entry(dice, SURFACE["corrections"][0])]})
    theory = {"level": "quick", "surface": "mine", "surfaces": [surface], "builders": ["placement"]}
    return Case("own surface", ("campaign", "plan", "bad.yaml"), {"bad.yaml": _yaml(WHOLE | {"theory": theory})})


def _own_scaffold(dice: random.Random) -> Case:
    scaffold = {"name": "own", "smiles": "[O:11]=C([*:1])N(C)[O-:12]", "charge": -1, "warning": "mine"}
    space = WHOLE["space"] | {"scaffolds": [scaffold | {dice.choice(("smiles", "name", "warning")): _text(dice)}]}
    return Case("own scaffold", ("campaign", "validate", "bad.yaml"), {"bad.yaml": _yaml(WHOLE | {"space": space})})


def _spoiled_campaign(dice: random.Random) -> Case:
    data, what = spoiled(dice, EVERYTHING)
    return Case("campaign file, one field", ("campaign", "validate", "bad.yaml"), {"bad.yaml": _yaml(data)}, what)


def _spoiled_policy(dice: random.Random) -> Case:
    data, what = spoiled(dice, POLICY)
    files = {"good.yaml": _yaml(WHOLE | {"policy": "./mine.yaml"}), "mine.yaml": _yaml(data)}
    return Case("policy, one field", ("campaign", "validate", "good.yaml"), files, what)


def _spoiled_objective(dice: random.Random) -> Case:
    data, what = spoiled(dice, GOAL)
    what = replace(what, names=("objective", *what.names))
    theory = {"level": "quick", "builders": ["placement"]}
    files = {"bad.yaml": _yaml(WHOLE | {"theory": theory, "objective": [data]})}
    return Case("objective, one field", ("campaign", "validate", "bad.yaml"), files, what)


def _spoiled_theory(dice: random.Random) -> Case:
    """Spoil a level or a surface of the user's own."""
    kind, entry = dice.choice((("levels", WHOLE["theory"]["levels"][0]), ("surfaces", SURFACE)))
    data, what = spoiled(dice, entry)
    theory = {"level": "quick", kind: [data], "builders": ["placement"]}
    what = replace(what, names=("theory", kind, *what.names))
    files = {"bad.yaml": _yaml(WHOLE | {"theory": theory})}
    return Case(f"{kind}, one field", ("campaign", "validate", "bad.yaml"), files, what)


def _altered_entry(dice: random.Random, entry: dict[str, Any]) -> dict[str, Any]:
    return entry | {dice.choice(list(entry)): dice.choice(JUNK)}


def _yaml(data: dict[str, Any]) -> bytes:
    return yaml.safe_dump(data, allow_unicode=True).encode("utf-8", "surrogatepass")


def _structure(dice: random.Random) -> Case:
    good = dice.choice((WATER, AQUA))
    text = torn(dice, good.encode()) if dice.random() < 0.6 else _bad_xyz(dice, good).encode("utf-8", "surrogatepass")
    arguments = dice.choice(
        (
            ("structures", "check", "bad.xyz", "--smiles", "CC(=O)N[O-]", "--donors", "2,4"),
            ("structures", "show", "bad.xyz", "--out", "page.html"),
            ("structures", "relax", "bad.xyz"),
            ("label", "bad.xyz", "--export", "orca"),
            ("label", "bad.xyz", "--level", "gfn2"),
            ("label", "bad.xyz", "--export", "orca", "--free-ligand", "bad.xyz"),
        )
    )
    return Case("structure file", arguments, {"bad.xyz": text})


def _bad_xyz(dice: random.Random, good: str) -> str:
    lines = good.splitlines()
    at = dice.randrange(len(lines))
    lines[at] = dice.choice((
        *_NUMBERS, "9" * 5000, "10000000000", "charge=" + dice.choice(_NUMBERS), "charge=99999", "Xx 0 0 0", "O 0 0",
        "O 0 0 1e400", "O nan 0 0", "La 0 0 0.01", "O 0 0 0 0 0 0", "Properties=species:S:1:pos:R:3 charge=2",
        'Lattice="1 0 0 0 1 0 0 0 1" charge=0', _text(dice),
    ))  # fmt: skip
    return "\n".join(lines) + dice.choice(("\n", "", "\r\n", "\n\n\n", "\n" + good))


def _text(dice: random.Random) -> str:
    if dice.random() < 0.3:
        return dice.choice([each for each in JUNK if isinstance(each, str)])
    if dice.random() < 0.5:
        smiles = list(dice.choice(SMILES))
        for _ in range(dice.randrange(1, 4)):
            smiles[dice.randrange(len(smiles))] = dice.choice(_ALPHABET)
        return "".join(smiles)
    return "".join(dice.choice(_ALPHABET) for _ in range(dice.randrange(1, 40)))


def _argument(text: str) -> str:
    # No operating system passes these on.
    return text.replace("\x00", "")


def _ligand(dice: random.Random) -> Case:
    """A ligand that cannot be meant, because one option is no answer; a sound one would be built for minutes."""
    arguments = ["structures", "build", dice.choice(SMILES[:4]), "--donors", "0", "--out", "built"]
    bad = dice.choice(("--donors", "--metal", "--ligands", "--waters", "--coordination-number", "--builder", "smiles"))
    if bad == "smiles":
        arguments[2] = "[" + _argument(_text(dice)).replace("]", "")
    else:
        junk = (*_NUMBERS[:13], _argument(_text(dice)), "0,0", "99", "2;4", "999999999999", "-5,3", "Xx", "h2o")
        arguments += [bad, dice.choice([each for each in junk if each not in ("0", "1e3", "+7")])]
    return Case("ligand", tuple(arguments))


def _check(dice: random.Random) -> Case:
    arguments = ["structures", "check", "good.xyz", "--smiles", _argument(_text(dice)), "--donors"]
    arguments += [dice.choice((*_NUMBERS, "0", "0,1", _argument(_text(dice))))]
    if dice.random() < 0.5:
        arguments += ["--metal", _argument(_text(dice))]
    return Case("ligand of a check", tuple(arguments), {"good.xyz": AQUA.encode()})


def _option(dice: random.Random) -> Case:
    arguments = ["label", "good.xyz", "--export", dice.choice(("orca", "pyscf", "x", "nwchem"))]
    options = ("--charge", "--spin", "--level", "--time-limit", "--memory-limit", "--campaign", "--workspace")
    for _ in range(dice.choice((1, 1, 2))):
        arguments += [dice.choice(options), dice.choice((*_NUMBERS, _argument(_text(dice))))]
    return Case("options of label", tuple(arguments), {"good.xyz": WATER.encode()})


def _table(dice: random.Random) -> Case:
    text = torn(dice, TABLE.encode())
    if dice.random() < 0.5:
        cells = TABLE.split(",")
        cells[dice.randrange(len(cells))] = dice.choice((*_NUMBERS, _text(dice), "=cmd|' /C calc'!A0"))
        text = ",".join(cells).encode("utf-8", "surrogatepass")
    return Case("table of energies", ("campaign", "import", "waiting.yaml", "bad.csv"), {"bad.csv": text})


def _site(dice: random.Random) -> Case:
    option = f"{dice.choice(('workers', 'partition', 'walltime', 'x', ''))}{dice.choice(('=', '', '=='))}"
    option += dice.choice((*_NUMBERS, "10" * 20, "$(touch was-run)", "; touch was-run", _argument(_text(dice))))
    command = dice.choice(("validate", "plan"))
    execution = {"parsl": dice.choice(("local", "slurm", "pbs", _text(dice))), "options": {}}
    name, _, value = option.partition("=")
    execution["options"] = {name: dice.choice((value, dice.choice(JUNK)))}
    return Case("site", ("campaign", command, "bad.yaml"), {"bad.yaml": _yaml(WHOLE | {"execution": execution})})


_WAYS: tuple[Callable[[random.Random], Case], ...] = (
    _campaign, _structure, _policy, _ligand, _own_level, _check, _campaign, _option, _table, _own_scaffold, _structure,
    _site, _own_surface, _spoiled_campaign, _spoiled_policy, _spoiled_campaign, _spoiled_theory, _spoiled_campaign,
    _spoiled_objective,
)  # fmt: skip


@dataclass
class Tally:
    """What came of bad inputs: how many of each way, how many refusals were judged, and what was wrong with which."""

    asked: Counter[str] = field(default_factory=Counter)
    judged: int = 0
    wrong: Counter[str] = field(default_factory=Counter)
    culprits: list[tuple[str, Case, Answer]] = field(default_factory=list)


def try_all(folder: Path, *, seed: int, count: int, told: Callable[[int], None] = lambda _: None) -> Tally:
    """Give every bad input to its command, and return what was wrong with the answers."""
    warm_up()
    workspace = folder / "place" / "workspace"
    workspace.mkdir(parents=True)
    _begin_waiting(workspace)
    tally = Tally()
    for number, case in enumerate(cases(seed, count)):
        told(number)
        for name, content in case.files.items():
            (workspace / name).write_bytes(content)
        answer = ask(case.arguments, workspace)
        tally.asked[case.way] += 1
        problems = answer.complaints()
        if strays := outside(workspace):
            problems.append("outside")
            answer = replace(answer, told=f"{answer.told}\nwritten outside: {strays}")
        if (workspace / "was-run").exists():
            problems.append("outside")
            (workspace / "was-run").unlink()
        if case.spoiled and answer.code == _REFUSED:
            tally.judged += 1
            problems += lacks(answer.told, case.spoiled)
        for problem in problems:
            tally.wrong[problem] += 1
            tally.culprits.append((problem, case, answer))
    return tally


def _begin_waiting(workspace: Path) -> None:
    """Begin a campaign that waits for the energy of a water from another program."""
    theory = {"level": "quick", "builders": ["placement"]}
    (workspace / "waiting.yaml").write_bytes(_yaml(WHOLE | {"name": "waiting", "theory": theory}))
    setup = prepare(str(workspace / "waiting.yaml"), workspace=workspace)
    with closing(open_campaign(setup)) as ledger:
        declare_elsewhere(setup, ledger)
    awaited = awaited_folder(setup)
    awaited.mkdir(parents=True)
    (awaited / f"{AWAITED}.json").write_text(json.dumps({"label": "H2O", "inputs": {"extxyz": WATER}}))


def warm_up() -> None:
    """Import what the commands import when they are given, so that forked processes have it."""
    import reexplore.campaign.driver
    import reexplore.campaign.results.plan
    import reexplore.campaign.running.external_energies
    import reexplore.cli.app
    import reexplore.energies.dft.single_point
    import reexplore.structures.builders.architector
    import reexplore.structures.xtb.relax
    import reexplore.surrogate.allegro
    import reexplore.workbench.complexes  # noqa: F401
