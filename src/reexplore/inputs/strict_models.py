"""Files of YAML as strict models, and errors a chemist can act on."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from reexplore.errors import InputError
from reexplore.inputs.strict_yaml import read_yaml


def matching(pattern: str, means: str, *, longest: int) -> AfterValidator:
    """Return the check of a text that has to match a pattern as a whole: `means` says in words what it may be."""

    def check(text: str) -> str:
        if len(text) > longest:
            raise ValueError(f"at most {longest:,} characters, these are {len(text):,}")
        if not re.fullmatch(pattern, text):
            raise ValueError(f"should be {means}")
        return text

    return AfterValidator(check)


#: What folders are called after.
PlainName = Annotated[
    str, matching(r"[a-z0-9][a-z0-9-]*", "small letters and digits, with - between them", longest=100)
]
#: Sentences of people are shown in terminals, which obey control characters.
Sentence = Annotated[
    str, matching(r"[^\x00-\x08\x0b-\x1f\x7f-\x9f]*", "a text without control characters", longest=5_000)
]


class Strict(BaseModel):
    """A part of a file: unknown keys, values of another type and infinite numbers are refused."""

    # YAML knows .nan and .inf, and no key here means anything with them.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def read_mapping(path: Path, kind: str, keys: str) -> dict[str, Any]:
    """Read a YAML file that is a mapping; raise `InputError` when it is none, whatever it is."""
    data = read_yaml(path, kind)
    if data is None:
        raise InputError(f"{path} is empty: a {kind} is a YAML mapping with {keys}")
    if not isinstance(data, dict):
        raise InputError(f"{path}: a {kind} is a YAML mapping with {keys}, not {_KINDS.get(type(data), 'a value')}")
    return data


#: What YAML holds, in words.
_KINDS: dict[type, str] = {list: "a list", str: "a text", int: "a number", float: "a number", bool: "true or false"}
#: Python refuses to print the longest numbers that YAML can hold.
_LONGEST_NUMBER = 100

#: What is wanted where something else stands, by the name of pydantic's complaint.
_WANTED = {
    "bool_type": "should be true or false",
    "dict_type": "should be a mapping of keys",
    "float_type": "should be a number",
    "finite_number": "should be a finite number",
    "int_type": "should be a whole number",
    "int_from_float": "should be a whole number",
    "list_type": "should be a list",
    "model_type": "should be a mapping of keys",
    "string_type": "should be a text",
    "string_unicode": "should be a text of unicode characters",
}

_Model = TypeVar("_Model", bound=BaseModel)


def parse(model: type[_Model], data: dict[str, Any], path: Path) -> _Model:
    """Validate data against a strict model; raise `InputError` that names the key and its nearest match."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise InputError(f"{path}: {_sentence(model, error)}") from None


def _sentence(model: type[BaseModel], error: ValidationError) -> str:
    # Of a union's branches the most specific complaint is the one the user can act on.
    first = max(error.errors(), key=lambda e: (e["type"] == "extra_forbidden", len(e["loc"])))
    # Names of union branches in the location mean nothing to the user.
    loc = [
        part
        for part in first["loc"]
        if isinstance(part, int) or part in _field_names(model) or (part == first["loc"][-1] and part != "str")
    ]
    where = ".".join(str(part) for part in loc)
    if first["type"] == "extra_forbidden":
        known = _keys_at(model, first["loc"][:-1])
        near = difflib.get_close_matches(str(first["loc"][-1]), known, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"known here: {', '.join(known)}"
        return f"unknown key '{where}': {hint}"
    if first["type"] == "missing":
        return f"the key '{where}' is missing"
    message = _WANTED.get(first["type"], first["msg"].removeprefix("Value error, "))
    given = first.get("input")
    printable = isinstance(given, str | float) or (isinstance(given, int) and given.bit_length() < _LONGEST_NUMBER)
    shown = f" (given: {given!r})" if printable else ""
    return f"'{where}': {message[0].lower()}{message[1:]}{shown}" if where else message


def _field_names(model: type[BaseModel]) -> set[str]:
    names = set(model.model_fields)
    for field in model.model_fields.values():
        for inner in _models_in(field.annotation):
            names |= _field_names(inner)
    return names


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [inner for argument in get_args(annotation) for inner in _models_in(argument)]


def _keys_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    current = model
    for part in loc:
        if part in current.model_fields:
            inner = _models_in(current.model_fields[str(part)].annotation)
            current = inner[0] if inner else current
    return list(current.model_fields)
