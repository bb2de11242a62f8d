"""Values: equal by what they hold, never changed. The type checker holds that, and making one costs little.

`@dataclass(frozen=True)` also enforces it at run time, by a call for every field of every new value: of what delivery
makes by the dozen for each listing, that is a tenth of its time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

_Class = TypeVar("_Class")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value_object(cls: type[_Class]) -> type[_Class]:
    """A dataclass with slots and a hash. Setting a field is an error of `make check`, not of the run."""
    return dataclass(slots=True, unsafe_hash=True)(cls)
