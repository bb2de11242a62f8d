"""Reads the pictures of a PIM document: the cover first, each once, without the placeholder the PIM's import writes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from adapters.model import Problem
from consumer.listings.leaves import EMPTY, wrong_shape

_ADDRESSES = ("url", "original")


def read_images(images: Any, cover: Any, entity_code: str, problems: list[Problem]) -> tuple[str, ...]:
    """The addresses. cover: the one picture that the older shape keeps beside the others."""
    if not isinstance(images, list | None):
        problems.append(wrong_shape("images", "images", "a list", images))
        return ()
    found = list(_image("image", -1, cover, problems))
    for place, entry in enumerate(images or ()):
        found.extend(_image(f"images[{place}]", place, entry, problems))
    found.sort(key=lambda image: image[0])
    return tuple(dict.fromkeys(address for _, address in found if not is_placeholder(address, entity_code)))


def is_placeholder(address: str, entity_code: str) -> bool:
    """Whether this is the picture the PIM's import writes when a product has none."""
    if "placeholder" not in address.lower():
        return False
    name = re.split(r"[?#]", address, maxsplit=1)[0].rsplit("/", 1)[-1]
    stem = name.rsplit(".", 1)[0].lower()
    return stem in ("placeholder", "placeholder-product", f"placeholder-{entity_code.lower()}")


def _image(path: str, place: int, entry: Any, problems: list[Problem]) -> Iterator[tuple[float, str]]:
    position: Any = place
    address = entry
    if isinstance(entry, dict):
        address = next((entry[name] for name in _ADDRESSES if entry.get(name)), None)
        position = entry.get("position", place)
    if address in EMPTY:
        return
    if not isinstance(address, str):
        problems.append(wrong_shape("images", path, "an address", address))
        return
    yield position if isinstance(position, int | float) else place, address.strip()
