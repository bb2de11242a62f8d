"""Copies published files into a folder, for a web server or what carries them on to an object store.

A file is written beside its place, brought to the disk and renamed: whoever reads it sees the old one or the new one.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from consumer.feeds.addresses import file_name
from consumer.feeds.model import FeedState, Publication
from consumer.mongo.files import Files

_MARK = ".published"


class FolderExport:
    """One folder. Several processes may copy into it at once."""

    def __init__(self, folder: Path, files: Files) -> None:
        self._folder = folder
        self._files = files
        self._copied: dict[str, str] = {}

    def mirror(self, state: FeedState) -> bool:
        """Copy this feed's file if the folder has another one; tells whether it did.

        Raises OSError, PyMongoError, and FileMissingError where a newer file was published meanwhile.
        """
        published = state.published
        if published is None or self._has(state, published):
            return False
        folder = self._folder / state.token
        folder.mkdir(parents=True, exist_ok=True)
        for file, zipped in ((published.plain, False), (published.zipped, True)):
            self._replace(folder / file_name(state.key, published.suffix, zipped=zipped), self._files.read(file.id))
        self._replace(folder / _MARK, [published.digest.encode()])
        self._copied[str(state.key)] = published.digest
        return True

    def _has(self, state: FeedState, published: Publication) -> bool:
        key = str(state.key)
        if key not in self._copied:
            mark = self._folder / state.token / _MARK
            self._copied[key] = mark.read_text(encoding="ascii") if mark.is_file() else ""
        place = self._folder / state.token / file_name(state.key, published.suffix, zipped=True)
        return self._copied[key] == published.digest and place.is_file()

    def _replace(self, place: Path, data: Iterable[bytes]) -> None:
        draft = place.with_name(f".{place.name}.{os.getpid()}.part")
        try:
            with draft.open("wb") as file:
                for chunk in data:
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(place)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        _sync(place.parent)


def _sync(folder: Path) -> None:
    """Bring the new name to the disk as well."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
