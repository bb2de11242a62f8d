"""Orders: exact amounts, positions that go back when orders leave, and words that vendors may say."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from adapters.amazon.client import AmazonClient
from adapters.amazon.order_client import OrderClient
from adapters.amazon.order_reading import STATUSES as AMAZON
from adapters.amazon.orders import AmazonOrders
from adapters.amazon.settings import AmazonAccount
from adapters.ebay.opening import calls_of
from adapters.ebay.order_reading import order_of
from adapters.ebay.orders import EbayOrders
from adapters.ebay.settings import EbayAccount
from adapters.errors import ChannelUnavailableError, RejectedListingError, UnknownListingError
from adapters.http import HttpClient
from adapters.manomano.client import ManomanoClient
from adapters.manomano.order_reading import STATUSES as MANOMANO
from adapters.manomano.orders import ManomanoOrders
from adapters.manomano.settings import ManomanoAccount
from adapters.memory_orders import MemoryOrders
from adapters.model import Money
from adapters.oauth import Credentials, TokenSource
from adapters.order_amounts import decimal_of, each_of, price_of, time_of, utc_text
from adapters.order_cursor import Position, position_of
from adapters.orders import ExpiredCursorError, Order, OrderChannel, OrderStatus, Price
from tests.unit.adapters.wire import ORIGIN, make_http

UNTIL = datetime(2026, 11, 1, tzinfo=UTC)


def euro(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("19.90", "19.90"),
        (83.28, "83.28"),
        (0, "0"),
        (0.1, "0.1"),
        ("", None),
        ("x", None),
        (True, None),
        ("NaN", None),
    ],
)
def test_amounts_are_read_as_they_were_written(value: object, number: str | None) -> None:
    assert decimal_of(value) == (None if number is None else Decimal(number))


def test_of_gross_net_and_vat_two_give_the_third() -> None:
    whole = Price(with_vat=euro("12.20"), without_vat=euro("10.00"), vat=euro("2.20"))
    assert price_of(euro("12.20"), euro("10.00")) == whole
    assert price_of(with_vat=euro("12.20"), vat=euro("2.20")) == whole
    assert price_of(without_vat=euro("10.00"), vat=euro("2.20")) == whole


def test_one_figure_and_a_rate_make_no_second_figure() -> None:
    assert price_of(with_vat=euro("12.20"), rate="22.00").without_vat is None


def test_a_piece_has_a_price_where_it_comes_out_even() -> None:
    assert each_of(price_of(euro("39.80")), 2).with_vat == euro("19.90")
    assert each_of(price_of(euro("10.00")), 3).with_vat is None


def test_two_currencies_are_not_added() -> None:
    with pytest.raises(ValueError, match="EUR and GBP"):
        price_of(without_vat=euro("1"), vat=Money(Decimal(1), "GBP"))


def test_times_have_a_zone() -> None:
    assert time_of("2026-11-01T00:00:00") == UNTIL
    assert utc_text(UNTIL) == "2026-11-01T00:00:00.000Z"
    with pytest.raises(ValueError, match="time zone"):
        utc_text(datetime(2026, 11, 1))  # noqa: DTZ001  # that is what is tested


def test_a_walk_goes_back_by_as_many_as_left() -> None:
    first = Position(UNTIL).after(200, 450)
    assert first == Position(UNTIL, 200, 450)
    second = first.after(200, 447)
    assert second == Position(UNTIL, 197, 447)
    third = second.after(200, 447)
    assert third == Position(UNTIL, 397, 447)
    assert third.after(200, 447) is None


def test_a_walk_whose_last_page_shrank_is_not_over() -> None:
    assert Position(UNTIL, 400, 450).after(200, 380) == Position(UNTIL, 330, 380)
    assert Position(UNTIL, 0, 1).after(200, 0) == Position(UNTIL, 0, 0)
    assert Position(UNTIL, 0, 0).after(200, 0) is None


def test_a_cursor_comes_back_as_it_went() -> None:
    for position in (Position(UNTIL), Position(UNTIL, 200, 450, 1)):
        assert position_of(str(position)) == position


def ebay_order(**changes: Any) -> dict[str, Any]:
    """The least that makes one."""
    body = {
        "orderId": "1",
        "creationDate": "2026-11-01T00:00:00.000Z",
        "lastModifiedDate": "2026-11-01T00:00:00.000Z",
        "orderFulfillmentStatus": "NOT_STARTED",
        "orderPaymentStatus": "PAID",
        "cancelStatus": {"cancelState": "NONE_REQUESTED"},
        "lineItems": [{"lineItemId": "11", "quantity": 1, "lineItemFulfillmentStatus": "NOT_STARTED"}],
    }
    return body | changes


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, OrderStatus.TO_SHIP),
        ({"orderFulfillmentStatus": "IN_PROGRESS"}, OrderStatus.PARTLY_SHIPPED),
        ({"orderFulfillmentStatus": "FULFILLED"}, OrderStatus.SHIPPED),
        ({"orderPaymentStatus": "PENDING"}, OrderStatus.PENDING),
        ({"orderPaymentStatus": "FAILED"}, OrderStatus.PENDING),
        ({"orderPaymentStatus": "PARTIALLY_REFUNDED"}, OrderStatus.TO_SHIP),
        ({"orderPaymentStatus": "FULLY_REFUNDED"}, OrderStatus.REFUNDED),
        ({"cancelStatus": {"cancelState": "CANCELED"}}, OrderStatus.CANCELED),
        ({"cancelStatus": {"cancelState": "MAYBE"}}, OrderStatus.UNKNOWN),
        ({"orderPaymentStatus": "IN_SHELLS"}, OrderStatus.UNKNOWN),
        ({"orderFulfillmentStatus": "BY_PIGEON"}, OrderStatus.UNKNOWN),
    ],
)
def test_ebays_words(changes: dict[str, Any], status: OrderStatus) -> None:
    assert order_of(ebay_order(**changes)).status is status


@pytest.mark.parametrize("field", ["orderId", "creationDate", "lineItems"])
def test_an_order_without_what_makes_one_is_an_error_that_names_it(field: str) -> None:
    body = ebay_order()
    del body[field]
    with pytest.raises(ChannelUnavailableError, match=field):
        order_of(body)


def test_a_line_that_other_tools_sold_has_no_sku() -> None:
    assert order_of(ebay_order()).lines[0].sku == ""


def test_every_word_of_the_vendors_lists_is_known() -> None:
    assert set(AMAZON) == {
        "PENDING_AVAILABILITY", "PENDING", "UNSHIPPED", "PARTIALLY_SHIPPED", "SHIPPED", "CANCELLED", "UNFULFILLABLE",
    }  # fmt: skip
    assert set(MANOMANO) == {
        "PENDING", "WAITING_PAYMENT", "REFUSED", "PREPARATION", "SHIPPED", "REFUNDED", "REFUNDING", "REMORSE_PERIOD",
    }  # fmt: skip
    assert OrderStatus.UNKNOWN not in {*AMAZON.values(), *MANOMANO.values()}


def test_an_order_goes_to_json_and_back_without_losing_a_cent() -> None:
    order = order_of(ebay_order(pricingSummary={"total": {"value": "0.10", "currency": "EUR"}}))
    again = Order.model_validate_json(order.model_dump_json())
    assert again == order
    assert again.total.with_vat == euro("0.10")


async def test_the_memory_channel_jumbles_its_pages_on_demand() -> None:
    memory = MemoryOrders(page_size=3)
    sold = [memory.sell(("A1", 1)) for _ in range(3)]
    memory.faults.jumbled = True
    page = await memory.orders(memory.now - timedelta(days=1))
    assert [order.order_id for order in page.orders] == [*reversed(sold), sold[0]]
    assert page.until == memory.now


async def test_the_memory_channel_forgets_its_cursors_on_demand() -> None:
    memory = MemoryOrders(page_size=1)
    for _ in range(2):
        memory.sell(("A1", 1))
    since = memory.now - timedelta(days=1)
    page = await memory.orders(since)
    memory.forget_cursors()
    with pytest.raises(ExpiredCursorError):
        await memory.orders(since, page.next)


async def test_the_memory_channel_waits_for_a_yes_where_it_is_told_to() -> None:
    memory = MemoryOrders(answers=True)
    good, bad = memory.sell(("A1", 1)), memory.sell(("A1", 1))
    memory.faults.orders[bad] = RejectedListingError("Not today")
    first, second, third = await memory.accept([good, bad, "M-9"])
    assert (first.error, first.repeated) == (None, False)
    assert isinstance(second.error, RejectedListingError)
    assert isinstance(third.error, UnknownListingError)
    (again,) = await memory.accept([good])
    assert again.repeated


TOKENS = f"{ORIGIN}/token"
EBAY_ACCOUNT = EbayAccount(
    app_id="a", api_secret=SecretStr("s"), refresh_token=SecretStr("r"), api_url=ORIGIN, token_url=TOKENS
)
AMAZON_ACCOUNT = AmazonAccount(
    app_id="a",
    api_secret=SecretStr("s"),
    refresh_token=SecretStr("r"),
    merchant_id="A2EXAMPLE1SELL",
    api_url=ORIGIN,
    token_url=TOKENS,
)
MANOMANO_ACCOUNT = ManomanoAccount(api_key=SecretStr("k"), seller_contract_id=1, api_url=ORIGIN)


def ebay_over(http: HttpClient) -> OrderChannel:
    return EbayOrders(calls_of(EBAY_ACCOUNT, http), EBAY_ACCOUNT, time.time)


def amazon_over(http: HttpClient) -> OrderChannel:
    seller = Credentials(
        token_url=TOKENS,
        client_id="a",
        client_secret=SecretStr("s"),
        refresh_token=SecretStr("r"),
        access_token=SecretStr(""),
        cure="",
        in_body=True,
    )
    client = AmazonClient(http, TokenSource(http, seller), AMAZON_ACCOUNT)
    return AmazonOrders(OrderClient(client, AMAZON_ACCOUNT), AMAZON_ACCOUNT, time.time)


def manomano_over(http: HttpClient) -> OrderChannel:
    return ManomanoOrders(ManomanoClient(http, MANOMANO_ACCOUNT), MANOMANO_ACCOUNT, time.time)


@pytest.mark.parametrize("make", [ebay_over, amazon_over, manomano_over])
async def test_an_answer_out_of_shape_is_an_error_that_names_nobody(make: Callable[[HttpClient], OrderChannel]) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            return httpx.Response(200, json={"access_token": "t", "expires_in": 3600, "token_type": "bearer"})
        return httpx.Response(200, json={"people": [{"name": "Ada Rossi"}]})

    channel = make(make_http(answer))
    for asked in (channel.orders(UNTIL), channel.order("1")):
        with pytest.raises(ChannelUnavailableError) as error:
            await asked
        assert "Rossi" not in str(error.value)
