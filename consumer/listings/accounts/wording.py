"""What is wrong with data, in words: each field with its path, what belongs there, and never the value.

The value is left out because it may be a secret that somebody wrote in the wrong place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

_MOST = 10


def in_words(error: ValidationError, model: type[BaseModel], prefix: str = "") -> str:
    """All complaints in one line. model: what was read. prefix: of the paths, where the model is only a part."""
    found = error.errors(include_input=False, include_url=False)
    complaints = list(dict.fromkeys(_complaint(one, model, prefix) for one in found))
    more = f"; and {len(complaints) - _MOST} more" if len(complaints) > _MOST else ""
    return "; ".join(complaints[:_MOST]) + more


def _complaint(found: Mapping[str, Any], model: type[BaseModel], prefix: str) -> str:
    *above, name = found["loc"] or ("",)
    owner, written = _lead(model, above)
    path = ".".join((*filter(None, [prefix]), *written, str(name)))
    if found["type"] == "extra_forbidden":
        return f"{path} is not known: {_instead(owner, str(name))}"
    field = _field(owner, str(name)) if owner else None
    meaning = field.description if field is not None and field.description else ""
    if found["type"] == "missing":
        return f"{path} is missing{f': {meaning}' if meaning else ''}"
    words = str(found["msg"]).removeprefix("Value error, ")
    return f"{path}: {words}{f' ({meaning})' if meaning else ''}".removeprefix(": ")


def _instead(owner: type[BaseModel] | None, name: str) -> str:
    """What to write instead of a field there is not."""
    known = [field.alias or other for other, field in owner.model_fields.items()] if owner else []
    close = get_close_matches(name, known, n=1)
    if close:
        return f"did you mean {close[0]}?"
    return "take it out" + (f"; there are {', '.join(known)}" if known else "")


def _lead(model: type[BaseModel], path: list[Any]) -> tuple[type[BaseModel] | None, list[str]]:
    """The model that a path leads to, and the path as a person writes it.

    Places in lists and keys of maps lead to what they hold. Where one of several models may stand, its path by pydantic
    names the one it took; nobody writes that name.
    """
    here: list[type[BaseModel]] = [model]
    written = []
    for part in path:
        taken = [one for one in here if one.__name__.lower() == part] if len(here) > 1 else []
        if taken:
            here = taken
            continue
        written.append(str(part))
        fields = [field for one in here if (field := _field(one, str(part)))]
        if fields:
            here = [found for field in fields for found in _models_in(field.annotation)]
    return (here[0] if here else None), written


def _field(model: type[BaseModel], name: str) -> FieldInfo | None:
    by_alias = (field for field in model.model_fields.values() if field.alias == name)
    return model.model_fields.get(name) or next(by_alias, None)


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that a type is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)
