"""The stand-in of Amazon: faults that a test or a demo switches on, the journal, the control plane, the process."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from adapters.sandbox.amazon import TOKEN_PATH, Seller
from tests.contract.amazon_calls import Caller, calling, codes, error, helmet, mint, patch, stock, text

_DEADLINE = 20


@pytest.fixture
async def amazon() -> AsyncIterator[Caller]:
    async with calling() as caller:
        yield caller


async def test_a_status_is_answered_for_a_route_and_a_number_of_calls(amazon: Caller) -> None:
    await amazon.fault(kind="status", route="put", status=503, count=2)
    body = {"productType": "HELMET", "attributes": helmet()}
    replies = [await amazon.send("PUT", amazon.path("A1"), body) for _ in range(3)]
    assert [reply.status_code for reply in replies] == [503, 503, 200]
    assert error(replies[0]) == (503, "ServiceUnavailable")
    assert [call["effect"] for call in await amazon.calls("A1")] == ["refused", "refused", "done"]


@pytest.mark.parametrize(("retry_after", "header"), [(None, None), (3, "3")])
async def test_too_many_requests(amazon: Caller, retry_after: int | None, header: str | None) -> None:
    await amazon.fault(kind="rate_limited", retry_after=retry_after, count=1)
    reply = await amazon.send("GET", amazon.path("A1"))
    assert (error(reply), reply.headers.get("retry-after")) == ((429, "QuotaExceeded"), header)


async def test_a_lost_answer_had_its_effect_and_a_lost_request_had_none(amazon: Caller) -> None:
    body = {"productType": "HELMET", "attributes": helmet()}
    for kind, sku in (("lost_answer", "A1"), ("lost_request", "A2")):
        await amazon.fault(kind=kind, count=1)
        with pytest.raises(httpx.RemoteProtocolError):
            await amazon.send("PUT", amazon.path(sku), body)
    assert (len(await amazon.listings("A1")), len(await amazon.listings("A2"))) == (1, 0)
    calls = [(call["effect"], call["answered"], call["status"]) for call in await amazon.calls()]
    assert calls == [("done", False, 200), ("lost", False, None)]


async def test_a_token_ends_in_the_middle(amazon: Caller) -> None:
    await amazon.fault(kind="token_expired")
    for _ in range(2):
        assert error(await amazon.send("GET", amazon.path("A1"))) == (403, "Unauthorized")
    amazon.token = (await mint(amazon)).json()["access_token"]
    await amazon.put()


async def test_a_withdrawn_consent_ends_tokens_and_gives_no_new_ones(amazon: Caller) -> None:
    await amazon.fault(kind="refresh_token_revoked")
    assert (await mint(amazon)).json()["error"] == "invalid_grant"
    assert error(await amazon.send("GET", amazon.path("A1"))) == (403, "Unauthorized")
    await amazon.http.delete("/_sandbox/faults")
    await amazon.put()


async def test_a_refused_submission_is_invalid_in_a_200(amazon: Caller) -> None:
    await amazon.put("A1")
    await amazon.fault(kind="refuse", sku="A1", error_id="99300", words="Il titolo viola le regole")
    answer = await amazon.patch("A1", patch("merge", "fulfillment_availability", stock(1)))
    assert (answer["status"], codes(answer)) == ("INVALID", ["99300"])
    assert (await amazon.shown())["quantity"] == 5
    assert (await amazon.put("A2"))["status"] == "ACCEPTED"


async def test_a_silent_listing_is_accepted_and_never_live(amazon: Caller) -> None:
    await amazon.fault(kind="silence", sku="A1")
    assert (await amazon.put("A1"))["status"] == "ACCEPTED"
    await amazon.later(30 * 86_400 / 1000)
    item = await amazon.item()
    assert (item["summaries"][0]["status"], item["issues"]) == ([], [])
    assert await amazon.listings("A1") == []


async def test_a_silent_change_does_nothing(amazon: Caller) -> None:
    await amazon.put("A1")
    await amazon.fault(kind="silence")
    await amazon.put("A1", helmet(item_name=text("Another")))
    await amazon.patch("A1", patch("merge", "fulfillment_availability", stock(1)))
    assert (await amazon.send("DELETE", amazon.path("A1"))).json()["status"] == "ACCEPTED"
    shown = await amazon.shown()
    assert (shown["title"], shown["quantity"]) == ("Casco integrale Nérò", 5)
    assert [call["effect"] for call in await amazon.calls("A1")] == ["done", "silent", "silent", "silent"]


@pytest.mark.parametrize(
    ("code", "status", "live"),
    [("18027", ["BUYABLE"], 0), ("99300", ["DISCOVERABLE"], 1)],
)
async def test_a_late_issue_suppresses_what_was_accepted(
    amazon: Caller, code: str, status: list[str], live: int
) -> None:
    await amazon.fault(kind="late_issue", sku="A1", error_id=code, words="viola le regole", count=1)
    assert (await amazon.put("A1"))["status"] == "ACCEPTED"
    item = await amazon.item()
    assert (codes(item), item["summaries"][0]["status"]) == ([code], status)
    assert len(await amazon.listings("A1")) == live
    await amazon.put("A1")  # mended
    assert codes(await amazon.item()) == []


async def test_the_control_plane_says_what_is_wrong_with_a_fault(amazon: Caller) -> None:
    faults: tuple[object, ...] = (
        {"kind": "nothing"},
        {"kind": "status", "error_id": 7},
        {"kind": "status", "colour": "red"},
        ["status"],
    )
    for wrong in faults:
        reply = await amazon.http.post("/_sandbox/faults", json=wrong)
        assert (reply.status_code, bool(reply.json()["error"])) == (400, True)
    assert (await amazon.http.get("/_sandbox/nothing")).status_code == 404
    assert (await amazon.http.put("/_sandbox/fba", json={"sku": "A1"})).status_code == 400


async def test_a_new_start_forgets_everything(amazon: Caller) -> None:
    await amazon.put()
    await amazon.fault(kind="status")
    await amazon.later(60)
    assert (await amazon.http.post("/_sandbox/reset")).status_code == 204
    assert (await amazon.listings(), await amazon.calls()) == ([], [])
    assert (await amazon.http.get("/_sandbox/clock")).json()["offset"] == 0
    await amazon.put()
    (account,) = (await amazon.http.get("/_sandbox/account")).json()["accounts"]
    assert account["merchant_id"] == Seller().merchant_id
    counts = (await amazon.http.get("/_sandbox/counts")).json()
    assert (counts["entries"], counts["routes"]["put"]["statuses"]) == (1, {"200": 1})


def test_it_runs_as_a_process_and_stops_on_sigterm(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "adapters.sandbox.amazon", "--ready-file", str(tmp_path / "ready")]
    command += ["--client-id", "mine", "--seller", "second:id2:secret2:refresh2", "--no-limits"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            line = child.stdout.readline()
            assert (tmp_path / "ready").read_text() == line
            with httpx.Client(base_url=json.loads(line)["url"]) as http:
                form = {"grant_type": "refresh_token", "refresh_token": "refresh2"}
                form |= {"client_id": "id2", "client_secret": "secret2"}
                assert http.post(TOKEN_PATH, data=form).status_code == 200
                assert len(http.get("/_sandbox/account").json()["accounts"]) == 2
                # a kept-alive connection must not hold the process back
                child.send_signal(signal.SIGTERM)
                rest, complaints = child.communicate(timeout=_DEADLINE)
            assert (child.returncode, rest, complaints) == (0, "", "")
        finally:
            child.kill()
