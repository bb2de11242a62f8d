"""Accounts as files of YAML that people write, and copy from one installation to another. Never with credentials.

Numbers are read as they are written and no further: what 0123, 1.10 or 1e3 means, the models decide, so that no id
loses a zero and no price a digit. A key that stands twice is refused: YAML itself would silently take the last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from consumer.listings.accounts.document import AccountDocument, read_account
from consumer.listings.accounts.errors import AccountError

_MAP = "tag:yaml.org,2002:map"
# true, false and null are all that is more than text.
_WORDS = {"tag:yaml.org,2002:bool", "tag:yaml.org,2002:null"}
_BOOLEANS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class AccountFile:
    """One account of a file. revision: of the stored account it was exported from, None = whatever is there now."""

    document: AccountDocument
    revision: int | None = None


class _Loader(yaml.SafeLoader):
    """Reads plain words as texts."""

    yaml_implicit_resolvers = {  # noqa: RUF012  the library's own name and type
        first: [entry for entry in entries if entry[0] in _WORDS]
        for first, entries in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


class _Writer(yaml.SafeDumper):
    """Writes everything that another reader could take for a number in quotes, lists set in, no aliases."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def read_files(text: str) -> list[AccountFile]:
    """The accounts in a text of YAML, one or several (--- between them).

    Raises AccountError naming the line, or every field that is wrong.
    """
    found = [_read(data) for data in parse(text)]
    if not found:
        raise AccountError("there is no account in it")
    return found


def parse(text: str) -> list[Any]:
    """What stands in a text of YAML. Raises AccountError naming the line."""
    try:
        return [data for data in yaml.load_all(text, _Loader) if data is not None]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise AccountError(f"it is no YAML: {place}{error.problem}") from None
    except yaml.YAMLError as error:
        raise AccountError(f"it is no YAML: {error}") from None


def write_files(accounts: Sequence[AccountFile]) -> str:
    """The accounts as a text of YAML."""
    return yaml.dump_all([_data(account) for account in accounts], Dumper=_Writer, sort_keys=False, allow_unicode=True)


def _read(data: Any) -> AccountFile:
    if not isinstance(data, dict):
        raise AccountError("an account is a map: it begins with `tenant: ...`")
    fields = dict(data)
    revision = fields.pop("revision", None)
    if revision is not None and not (isinstance(revision, str) and revision.isdecimal()):
        raise AccountError("revision: not a whole number (take the line out to change whatever is stored)")
    return AccountFile(read_account(fields), None if revision is None else int(revision))


def _data(account: AccountFile) -> dict[str, Any]:
    data = account.document.data()
    return data if account.revision is None else {**data, "revision": account.revision}


def _construct_map(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key, _ in node.value:
        name = loader.construct_object(key, deep=True)
        if not isinstance(name, str):
            raise yaml.constructor.ConstructorError(None, None, "a key is not a text: put it in quotes", key.start_mark)
        if name in seen:
            raise yaml.constructor.ConstructorError(None, None, f"{name!r} stands here twice", key.start_mark)
        seen.add(name)
    return loader.construct_mapping(node, deep=True)


def _construct_boolean(loader: _Loader, node: yaml.ScalarNode) -> Any:
    """Only true and false: yes, no, on and off are words, of which "no" is a language."""
    return _BOOLEANS.get(node.value.lower(), node.value)


_Loader.add_constructor(_MAP, _construct_map)
_Loader.add_constructor("tag:yaml.org,2002:bool", _construct_boolean)
