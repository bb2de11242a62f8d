"""Dead letters as the API shows them, and as it is asked for them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, Field

from consumer.control.letters import LetterFilter
from consumer.control.post_office import Found
from consumer.logs import SecretCutter

# Characters of a value that are shown.
_LONGEST = 20_000

Id = Annotated[str, Field(max_length=100)]


class Letter(BaseModel):
    """One letter. standing: open, healed, redriven or discarded. failed: when it was given up."""

    id: str = Field(examples=["ebay-0-17"])
    channel: str
    account: str
    entity_code: str
    reason: str = Field(examples=["exhausted"])
    error: str
    words: str
    attempts: int
    failed: datetime
    redrives: int
    standing: str = Field(examples=["open"])


class LetterDetails(BaseModel):
    """One letter, whole but for secrets. value: as text, cut after 20,000 characters."""

    letter: Letter
    decided_by: str = ""
    why: str = ""
    headers: dict[str, str]
    value: str


class Counted(BaseModel):
    """Letters that are alike."""

    channel: str
    account: str
    reason: str
    error: str
    standing: str = Field(examples=["open"])
    letters: int


class LetterPage(BaseModel):
    """letters: newest first."""

    counts: list[Counted]
    letters: list[Letter]


class Chosen(BaseModel):
    """Which letters; empty = any of the tenant's. since, until: by when they were given up."""

    channel: str = Field(max_length=60, examples=["ebay"])
    account: str = Field("", max_length=60)
    reason: str = Field("", max_length=60)
    product: str = Field("", max_length=200)
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    ids: list[Id] = Field(default_factory=list, max_length=1000)
    dry_run: bool = False

    def filter(self, tenant: str) -> LetterFilter:
        """Those of this tenant."""
        return LetterFilter(
            tenant=tenant,
            account=self.account,
            reason=self.reason,
            product=self.product,
            since=self.since.timestamp() if self.since else None,
            until=self.until.timestamp() if self.until else None,
            ids=frozenset(self.ids),
        )

    def times(self) -> tuple[str, str]:
        """In words, for the job."""
        return (self.since.isoformat() if self.since else "", self.until.isoformat() if self.until else "")

    def details(self) -> dict[str, object]:
        """For the audit."""
        return {name: value for name, value in self.model_dump(mode="json").items() if value and name != "channel"}


class Bringing(Chosen):
    """again: also what came back as a dead letter three times. rate: letters a second, 0 = as fast as it goes."""

    why: str = Field("", max_length=500)
    again: bool = False
    rate: float = Field(50, ge=0, le=10_000)


class Discarding(Chosen):
    """why: kept with the name of who asks."""

    why: str = Field(min_length=1, max_length=500, examples=["a test account that is gone"])


class Verdict(BaseModel):
    """What becomes of letters that are alike: sent, healed, redriven, discarded or looping."""

    account: str
    reason: str
    error: str
    verdict: str = Field(examples=["sent"])
    letters: int


class Redriven(BaseModel):
    """job_id: of the redrive that began; None of a dry run, which has counts."""

    job_id: str | None = None
    counts: list[Verdict] = Field(default_factory=list)


class Discarded(BaseModel):
    """How many were closed, or would be."""

    letters: int
    counts: list[Counted]


def wanted(tenant: str, *, account: str, reason: str, product: str) -> LetterFilter:
    """Of this tenant."""
    return LetterFilter(tenant=tenant, account=account, reason=reason, product=product)


def letter(found: Found) -> Letter:
    """In short."""
    one = found.letter
    return Letter(
        id=one.id,
        channel=one.channel,
        account=one.account,
        entity_code=one.product,
        reason=one.reason,
        error=one.error,
        words=one.message,
        attempts=one.attempts,
        failed=datetime.fromtimestamp(one.failed, UTC),
        redrives=one.redrives,
        standing=found.standing.value,
    )


def letter_details(found: Found, cutter: SecretCutter) -> LetterDetails:
    """Whole, without secrets."""
    record, decision = found.letter.record, found.decision
    headers: dict[str, Any] = {
        name: cutter.text((value or b"").decode("utf-8", "replace")) for name, value in record.headers
    }
    return LetterDetails(
        letter=letter(found),
        decided_by=decision.who if decision else "",
        why=decision.why if decision else "",
        headers=headers,
        value=cutter.text((record.value or b"").decode("utf-8", "replace"))[:_LONGEST],
    )


def counted(counts: Mapping[tuple[str, ...], int]) -> list[Counted]:
    """Most first."""
    return [
        Counted(channel=channel, account=account, reason=reason, error=error, standing=standing, letters=count)
        for (channel, account, _, reason, error, standing), count in sorted(counts.items(), key=lambda row: -row[1])
    ]


def verdicts(counts: Mapping[tuple[str, ...], int]) -> list[Verdict]:
    """Most first."""
    return [
        Verdict(account=account, reason=reason, error=error, verdict=word, letters=count)
        for (account, _, reason, error, word), count in sorted(counts.items(), key=lambda row: -row[1])
    ]
