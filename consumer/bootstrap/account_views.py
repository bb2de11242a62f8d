"""What people see of accounts: one call for each command. Credentials are never in it, only their names and dates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from consumer.bootstrap.account_checks import try_account
from consumer.bootstrap.account_commands import run
from consumer.bootstrap.accounts import AccountKeeping, known_accounts, stored_accounts
from consumer.bootstrap.credentials import utc_now
from consumer.bootstrap.tenant_checks import Finding
from consumer.embedded import Endpoints
from consumer.listings.accounts import Account
from consumer.listings.accounts.channel_settings import credentials_of, missing_credentials
from consumer.listings.accounts.errors import AccountError
from consumer.listings.accounts.exchange import AccountFile, write_files
from consumer.listings.accounts.stored import BrokenAccount, StoredAccount
from consumer.listings.credentials.expiry import in_words, warnings
from consumer.listings.credentials.sealed import CredentialError, read_sealed
from consumer.listings.state import Status
from consumer.listings.store import COLLECTION as LISTINGS
from consumer.listings.store import ListingStore
from consumer.settings import Settings

# Of these the channel shows nothing.
_NOT_SHOWN = (Status.WITHDRAWN, Status.UNLISTED, Status.DRY_RUN)


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One account in a list. changed: None for one of variables. state: in words, what needs a person."""

    id: str
    mode: str
    revision: int | None
    changed: datetime | None
    state: str


@dataclass(frozen=True, slots=True)
class AccountView:
    """One stored account. text: as a file of YAML. credentials: name → state in words. counts: of its listings."""

    row: AccountRow
    text: str
    credentials: Mapping[str, str]
    counts: Mapping[Status, int]

    @property
    def shown(self) -> int:
        """How many listings the channel may show."""
        return sum(count for status, count in self.counts.items() if status not in _NOT_SHOWN)


def list_accounts(settings: Settings, endpoints: Endpoints) -> list[AccountRow]:
    """Every account that counts, also broken ones. Raises UnavailableError, SettingsError for variables."""
    stored = stored_accounts(settings, endpoints)
    rows = [_row(one) for one in stored]
    names = {row.id for row in rows}
    for account in known_accounts(settings, endpoints):
        own_id = account.id
        if own_id not in names and not isinstance(account, BrokenAccount):
            rows.append(AccountRow(own_id, account.mode, None, None, "of variables; nothing is stored"))
    return rows


def view_account(settings: Settings, endpoints: Endpoints, account: str) -> AccountView:
    """One stored account. Raises UnknownAccountError, UnavailableError."""

    async def act(kept: AccountKeeping) -> AccountView:
        stored = await kept.store.get(account)
        counts = await ListingStore(kept.database[LISTINGS], settings.topics.partitions).counts_by_status()
        mine = counts.get((stored.channel, stored.name, stored.tenant), {})
        if isinstance(stored, BrokenAccount):
            return AccountView(_row(stored), "", {}, mine)
        return AccountView(_row(stored), _text([stored]), _credentials(stored), mine)

    return run(settings, endpoints, act)


def test_account(settings: Settings, endpoints: Endpoints, account: str) -> Finding:
    """Ask the channel whether the account works; writes nothing. Raises UnknownAccountError, MarketsyncError."""

    async def act(kept: AccountKeeping) -> Finding:
        return await try_account(await kept.store.get(account), kept.credentials.vault)

    return run(settings, endpoints, act)


def export_accounts(settings: Settings, endpoints: Endpoints, accounts: Sequence[str]) -> str:
    """Stored accounts as YAML. accounts: their ids, empty = all that can be used. Raises UnknownAccountError."""

    async def act(kept: AccountKeeping) -> str:
        if not accounts:
            return _text([one for one in await kept.store.all() if isinstance(one, StoredAccount)])
        found = [await kept.store.get(account) for account in accounts]
        broken = [one for one in found if isinstance(one, BrokenAccount)]
        if broken:
            raise AccountError(f"account {broken[0].id}: {broken[0].words}")
        return _text([one for one in found if isinstance(one, StoredAccount)])

    return run(settings, endpoints, act)


def _text(stored: Sequence[StoredAccount]) -> str:
    return write_files([AccountFile(one.document, one.revision) for one in stored])


def _row(stored: StoredAccount | BrokenAccount) -> AccountRow:
    if isinstance(stored, BrokenAccount):
        return AccountRow(stored.id, "?", None, None, f"stands still: {stored.words}")
    missing = missing_credentials(stored.channel, stored.sealed)
    told = [f"credentials are missing: {', '.join(missing)}"] if missing else []
    state = "; ".join([*told, *_ending(stored)]) or "complete"
    return AccountRow(stored.id, stored.document.mode, stored.revision, stored.updated_at, state)


def _ending(stored: StoredAccount) -> Iterator[str]:
    """What is to be told of its credentials: which end, are old, or are broken."""
    now = utc_now()
    for name, value in stored.sealed.items():
        try:
            sealed = read_sealed(stored.id, name, value)
        except CredentialError:
            yield f"{name} is broken, set it anew"
            continue
        yield from (f"{name}: {warned.words}" for warned in warnings(sealed.set_at, sealed.expires_at, now))


def _credentials(stored: StoredAccount) -> dict[str, str]:
    now = utc_now()
    found = dict.fromkeys(credentials_of(stored.channel), "not set")
    for name, value in stored.sealed.items():
        try:
            sealed = read_sealed(stored.id, name, value)
            found[name] = in_words(sealed.set_at, sealed.expires_at, now)
        except CredentialError:
            found[name] = "broken: set it anew"
    return found


def mode_lines(settings: Settings, endpoints: Endpoints) -> list[str]:
    """One line per account that counts: its mode, and what that means for its listings. Raises MarketsyncError."""
    return [_mode_line(account) for account in known_accounts(settings, endpoints)]


def _mode_line(account: Account | BrokenAccount) -> str:
    if isinstance(account, BrokenAccount):
        return f"Account {account.id} cannot be used, it stands still: {account.words}"
    words = {"off": " (nobody changes its listings)", "dry-run": " (nothing is written)", "live": ""}
    return f"Account {account.id}: {account.mode}{words[account.mode]}"
