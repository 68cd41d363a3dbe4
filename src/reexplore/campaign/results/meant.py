"""Which candidates a person means: by key, by name, by rank as the page shows it, or a whole family."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from itertools import islice

from reexplore.campaign.declaration.pool import Pool
from reexplore.campaign.running.decided import TRAITS, members
from reexplore.errors import InputError
from reexplore.tracking.decisions import plain
from reexplore.tracking.records import CampaignRecord

_DIGITS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
#: The least of a key that is taken for one: shorter ones could be ranks.
_LEAST_OF_A_KEY = 6
#: Names looked through for one that is near: more would take seconds.
_NAMES = 20_000
_SHOWN = 6


def candidates_meant(pool: Pool, record: CampaignRecord, wanted: Iterable[str], *, group: str | None) -> list[str]:
    """Return the keys of candidates by keys or their beginnings, names, or ranks within a group.

    `group` is a group's name or a part of it that no other has. Raises `InputError`, which shows what is near, for
    what nobody or more than one candidate answers to.
    """
    of_group = _group(record, group) if group is not None else None
    return list(dict.fromkeys(_meant(pool, record, plain(said).translate(_DIGITS), of_group) for said in wanted))


def _meant(pool: Pool, record: CampaignRecord, said: str, group: str | None) -> str:
    if re.fullmatch(r"#?\d{1,5}", said):
        return _ranked(record, int(said.removeprefix("#")), group)
    if re.fullmatch(r"[0-9a-f]{6,16}", said):
        return _one((key for key in pool if key.startswith(said)), pool, said)
    # The page shows how many waters a label has, where their number is open.
    shown = {row.key: row.name for row in record.rows}
    named = [key for key, name in shown.items() if name == said]
    return _one(dict.fromkeys([*named, *(c.key for c in pool.candidates() if c.name == said)]), pool, said)


def _one(found: Iterable[str], pool: Pool, said: str) -> str:
    keys = list(islice(found, _SHOWN + 1))
    if len(keys) == 1:
        return keys[0]
    if keys:
        told = ", ".join(f"{pool[key].name} ({key})" for key in keys[:_SHOWN])
        raise InputError(f"'{said}' is more than one candidate: {told}; give a whole key")
    names = [candidate.name for candidate in islice(pool.candidates(), _NAMES)]
    near = get_close_matches(said, names, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"they are called like {names[0]}"
    raise InputError(f"no candidate '{said}': give a name, a rank, or {_LEAST_OF_A_KEY} digits of a key; {hint}")


def _ranked(record: CampaignRecord, rank: int, group: str | None) -> str:
    groups = list(dict.fromkeys(row.group for row in record.rows))
    if group is None:
        if len(groups) > 1:
            raise InputError(f"rank {rank} of which group? Name it with --group: {'; '.join(groups[:_SHOWN])}")
        group = groups[0] if groups else ""
    ranks = {row.rank: row.key for row in record.rows if row.group == group and row.rank is not None}
    if rank not in ranks:
        shown = f"1 to {max(ranks)}" if ranks else "none"
        raise InputError(f"no rank {rank} is shown in group '{group}': shown are {shown}")
    return ranks[rank]


def _group(record: CampaignRecord, said: str) -> str:
    groups = list(dict.fromkeys(row.group for row in record.rows))
    text = said.translate(_DIGITS).replace("−", "-")
    found = [text] if text in groups else [group for group in groups if text.casefold() in group.casefold()]
    if len(found) == 1:
        return found[0]
    which = "no group" if not found else "more than one group"
    raise InputError(f"'{plain(said)}' is {which}: groups are {'; '.join((found or groups)[:_SHOWN])}")


def family_meant(pool: Pool, text: str) -> dict[str, str]:
    """Return the traits that a text such as `scaffold=CAM,substituent=nitro` names.

    In a value `*` stands for anything. Raises `InputError`, which shows what is near, where no candidate has them.
    """
    # A comma within a value, as in `1,2-HOPO`, is none between two traits.
    parts = re.split(r",\s*(?=[a-z_ ]+=)", text.strip())
    family: dict[str, str] = {}
    for part in parts:
        name, equals, value = (word.strip() for word in part.partition("="))
        if not equals or not value or name not in TRAITS or name in family:
            near = get_close_matches(name, TRAITS, n=1)
            hint = f"; did you mean {near[0]}?" if near and near[0] != name else ""
            raise InputError(
                f"'{plain(part)}' in '{plain(text)}' is no trait: give NAME=VALUE, joined by commas, each name once,"
                f" of {', '.join(TRAITS)}; example: scaffold=CAM,substituent=nitro{hint}"
            )
        family[name] = value
    if next(members(pool, family), None) is None:
        raise InputError(f"no candidate has {plain(text)}{_unknown(pool, family)}")
    return family


def _unknown(pool: Pool, family: dict[str, str]) -> str:
    """Return which value nobody has, and what is near."""
    for name, value in family.items():
        if next(members(pool, {name: value}), None) is not None:
            continue
        known = _values(pool, name)
        near = get_close_matches(value, known, n=3, cutoff=0.5)
        return f": nobody has {name}={plain(value)}; there are {', '.join(near or known[:_SHOWN])}"
    return ": each of these is there, but not together"


def _values(pool: Pool, trait: str) -> Sequence[str]:
    if trait == "group":
        return list(dict.fromkeys(candidate.group.name for candidate in islice(pool.candidates(), _NAMES)))
    found: dict[str, None] = {}
    for family in pool.families:
        values = {
            "scaffold": [family.scaffold.name],
            "metal": [metal.symbol for metal in family.metals],
            "substituent": [name for ligand in islice(family.members, _NAMES) for name in ligand.substituents],
            "ligand": [ligand.name for ligand in islice(family.members, _NAMES)],
        }
        found |= dict.fromkeys(values[trait])
    return list(found)
