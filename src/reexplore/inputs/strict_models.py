"""Files of YAML as strict models, and errors a chemist can act on."""

from __future__ import annotations

import difflib
import re
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from reexplore.errors import InputError
from reexplore.inputs.shown import shown
from reexplore.inputs.strict_yaml import read_yaml

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


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

#: What is wanted where something else stands, by the name of pydantic's complaint.
_WANTED = {
    "bool_type": "true or false",
    "dict_type": "a mapping of keys",
    "float_type": "a number",
    "finite_number": "a finite number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "list_type": "a list",
    "model_type": "a mapping of keys",
    "string_type": "a text",
    "string_unicode": "a text of unicode characters",
}
#: So many of the keys beside one that is missing are named, for the reader to find the place.
_KEYS_SHOWN = 6
#: What pydantic puts into the place of a complaint beside keys: branches of a union, and keys of a mapping.
_NO_KEYS = {"str", "[key]"}

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
    where = _where(model, first)
    if first["type"] == "extra_forbidden":
        known = _keys_at(model, first["loc"][:-1])
        near = difflib.get_close_matches(str(first["loc"][-1]).lower(), known, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"known here: {', '.join(known)}"
        return f"unknown key '{where}': {hint}"
    if first["type"] == "missing":
        there = ", ".join(shown(key).strip("'") for key in islice(first["input"], _KEYS_SHOWN)) or "nothing"
        return f"the key '{where}' is missing: give {_wanted_at(model, first['loc'])} (beside it: {there})"
    message = _complaint(first, [each for each in error.errors() if _where(model, each) == where])
    # A rule between keys names the values itself; all that stands beside them says nothing.
    between_keys = first["type"] == "value_error" and isinstance(first["input"], dict)
    given = "" if between_keys else f" (given: {shown(first['input'])})"
    return f"'{where}': {message}{given}" if where else message


def _complaint(first: ErrorDetails, branches: list[ErrorDetails]) -> str:
    """Return what is wrong; `branches` are the complaints of all branches of a union about the same value."""
    if first["type"] in _WANTED:
        return f"should be {' or '.join(dict.fromkeys(_WANTED[e['type']] for e in branches if e['type'] in _WANTED))}"
    if first["type"] == "too_short":
        few = first["ctx"]["min_length"]
        return f"should have at least {few} item{'s'[: few > 1]}"
    message = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return f"{message[0].lower()}{message[1:]}"


def _where(model: type[BaseModel], complaint: ErrorDetails) -> str:
    """Return the path of the key that a complaint is about."""
    *parts, last = complaint["loc"] or ("",)
    no_keys = _NO_KEYS | {inner.__name__ for inner in _all_models(model)}
    kept = [str(part) for part in parts if part not in no_keys]
    if complaint["type"] == "extra_forbidden" or last not in no_keys:
        kept.append(str(last))
    return ".".join(kept)


def _all_models(model: type[BaseModel]) -> set[type[BaseModel]]:
    found = {model}
    for field in model.model_fields.values():
        for inner in _models_in(field.annotation):
            found |= _all_models(inner)
    return found


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [inner for argument in get_args(annotation) for inner in _models_in(argument)]


def _wanted_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> str:
    """Return in words what a key that is missing takes."""
    kind = _model_at(model, loc[:-1]).model_fields[str(loc[-1])].annotation
    if inner := _models_in(kind) if not get_args(kind) else []:
        return f"a mapping with {', '.join(inner[0].model_fields)}"
    if get_origin(kind) is Literal:
        return f"one of {', '.join(map(str, get_args(kind)))}"
    return next((words for known, words in _KINDS.items() if known in (kind, get_origin(kind))), "a value")


def _keys_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    return list(_model_at(model, loc).model_fields)


def _model_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> type[BaseModel]:
    current = model
    for part in loc:
        if part in current.model_fields:
            inner = _models_in(current.model_fields[str(part)].annotation)
            current = inner[0] if inner else current
    return current
