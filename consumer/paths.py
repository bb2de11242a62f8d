"""Paths of fields in a PIM document, as settings and change events write them. Pure."""

from __future__ import annotations

Path = tuple[str, ...]

ANY = "*"


def path_of(field: str) -> Path:
    """`packaging_options.*.pkg_id` as its parts; `*` stands for one place of an array, or one name."""
    return tuple(field.split("."))


def overlap(one: Path, other: Path) -> bool:
    """Whether writing one of the two paths may change the other."""
    return all(a == b or ANY in (a, b) for a, b in zip(one, other, strict=False))
