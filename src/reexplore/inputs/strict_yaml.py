"""YAML as a person means it: no key twice, no number in a base nobody wrote, no file that grows while it is read."""

from __future__ import annotations

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from reexplore.errors import InputError
from reexplore.inputs.given_files import read_given_text

#: A campaign file with a thousand ligands has some hundred kilobytes.
LARGEST_FILE_BYTES = 4_000_000
#: Aliases may repeat what an anchor names; beyond so many nodes they are there to fill the memory.
_MOST_NODES = 200_000
#: What YAML 1.1 reads to the base of sixty or eight: 1:30 would be 90, and 010 would be 8.
_SIXTY = re.compile(r"[-+]?[0-9][0-9_]*(:[0-9]{1,2})+(\.[0-9_]*)?")
_EIGHT = re.compile(r"[-+]?0[0-9_]+")


def read_yaml(path: Path, kind: str) -> Any:
    """Return what a YAML file holds; `kind` is what it is called. Raise `InputError` with the line that is wrong."""
    text = read_given_text(path, kind, largest_bytes=LARGEST_FILE_BYTES)
    try:
        return load_yaml(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}" if mark else ""
        raise InputError(f"{path}{where}: {_told(error)}") from None
    except RecursionError:
        raise InputError(f"{path}: this is not YAML that can be read (too many brackets within each other)") from None
    except ValueError as error:
        # Dates and numbers that are none.
        raise InputError(f"{path}: this is not YAML that can be read ({error})") from None


def load_yaml(text: str) -> Any:
    """Return what a YAML text holds; raise `yaml.YAMLError`, `ValueError` or `RecursionError` when it is wrong."""
    loader = _Loader(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def _told(error: yaml.YAMLError) -> str:
    problem = getattr(error, "problem", None) or str(error)
    return problem if isinstance(error, _RefusedError) else f"this is not YAML ({problem})"


class _RefusedError(yaml.constructor.ConstructorError):
    """YAML that can be read and is not taken."""


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, which takes the last of equal keys and knows more numbers than people do."""

    _nodes = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        node: Any = super().compose_node(parent, index)
        # An alias counts as all that its anchor holds: ten lines may name a thousand million nodes.
        node.reexplore_size = size = _size(node)
        self._nodes = max(self._nodes, size)
        if self._nodes > _MOST_NODES:
            raise _RefusedError(None, None, f"its aliases make more than {_MOST_NODES:,} values of it", node.start_mark)
        return node

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        first: dict[Hashable, int] = {}
        for key_node, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            line = key_node.start_mark.line + 1
            if key is not None and key in first:
                told = f"the key '{key}' stands here and in line {first[key]}: keep one of them"
                raise _RefusedError(None, None, told, key_node.start_mark)
            first[key] = line
        return super().construct_mapping(node, deep)


def _number(loader: _Loader, node: Any, construct: Any) -> Any:
    if _SIXTY.fullmatch(node.value) or _EIGHT.fullmatch(node.value):
        told = f"{node.value} is a number to the base of sixty or eight in YAML: quote it, or write it as people do"
        raise _RefusedError(None, None, told, node.start_mark)
    return construct(loader, node)


def _integer(loader: _Loader, node: Any) -> Any:
    return _number(loader, node, yaml.SafeLoader.construct_yaml_int)


def _float(loader: _Loader, node: Any) -> Any:
    return _number(loader, node, yaml.SafeLoader.construct_yaml_float)


_Loader.add_constructor("tag:yaml.org,2002:int", _integer)
_Loader.add_constructor("tag:yaml.org,2002:float", _float)


def _size(node: Any) -> int:
    """Return how many nodes there are below one, aliases counted as often as they stand there."""
    if isinstance(node, yaml.MappingNode):
        below = [child for pair in node.value for child in pair]
    else:
        below = node.value if isinstance(node, yaml.SequenceNode) else []
    return 1 + sum(getattr(child, "reexplore_size", 1) for child in below)
