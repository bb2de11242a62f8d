"""What becomes of a difference is the account's policy: by default people are told, and nothing else."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from consumer.listings.drift import Kind
from consumer.listings.reconciliation import Reconciliation


def test_by_default_nothing_is_repaired() -> None:
    assert Reconciliation().repaired == []


def test_each_kind_by_itself() -> None:
    policy = Reconciliation.model_validate({"stock": "repair", "missing": "repair"})
    assert policy.repaired == [Kind.MISSING, Kind.STOCK]


def test_there_is_a_policy_for_every_kind_and_for_no_other() -> None:
    assert set(Reconciliation.model_fields) - {"same_barcode", "when_off"} == set(Kind)
    with pytest.raises(ValidationError, match="images"):
        Reconciliation.model_validate({"images": "repair"})
    with pytest.raises(ValidationError, match="stock"):
        Reconciliation.model_validate({"stock": "always"})
