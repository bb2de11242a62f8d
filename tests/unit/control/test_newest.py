"""What a replay sends: of each product the newest state, whatever the order; and how fast."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from consumer.control.newest import Newest, Wish
from consumer.control.pace import Pace
from consumer.events import Operation
from tests.unit.delivery.making import make_event, make_record

_EVENTS = st.lists(
    st.tuples(st.sampled_from("ABC"), st.integers(1, 9), st.sampled_from([*Operation])),
    unique_by=lambda event: event[:2],
)


@given(_EVENTS, st.frozensets(st.sampled_from([*Operation])))
def test_exactly_the_newest_state_of_each_product_if_it_is_asked_for(
    events: list[tuple[str, int, Operation]], operations: frozenset[Operation]
) -> None:
    records = [make_record(make_event(*event), offset=place) for place, event in enumerate(events)]
    newest = Newest(Wish(operations=operations))
    for record in records:
        newest.look(record)
    expected = {code: max(number for other, number, _ in events if other == code) for code, _, _ in events}
    kinds = {(code, number): operation for code, number, operation in events}
    wanted = {(c, n) for c, n in expected.items() if not operations or kinds[c, n] in operations}
    assert sum(newest.histogram().values()) == len(wanted)
    sent = [events[record.offset][:2] for record in [*records, *records] if newest.take(record)]
    assert sorted(sent) == sorted(wanted), "each once, though it stands there twice"


def test_what_is_no_event_is_counted_and_passed_over() -> None:
    newest = Newest(Wish(tenants=frozenset({"shop"})))
    odd = replace(make_record(), headers=())
    for record in (odd, replace(make_record(), key=None), make_record(make_event(tenant="other"))):
        newest.look(record)
        assert not newest.take(record)
    assert (newest.unreadable, newest.seen, dict(newest.histogram())) == (2, 3, {})


async def test_states_go_out_at_the_rate_and_not_in_bursts() -> None:
    now, waits = [100.0], []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        now[0] += seconds

    pace = Pace(10, lambda: now[0], sleep)
    assert pace.step == 10
    for _ in range(5):
        await pace.wait(10)
    assert now[0] == 104.0
    now[0] += 60
    await pace.wait(10)
    await pace.wait(10)
    assert waits[-1] == 1.0, "a pause is not caught up with"
    fast = Pace(0, lambda: now[0], sleep)
    before = len(waits)
    await fast.wait(10_000)
    assert len(waits) == before
