"""What channels send by themselves. eBay's signature is its proof; Amazon's queue is read by somebody with a token."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from adapters.ebay.notifications import SIGNATURE_HEADER, ForgedNoticeError
from adapters.errors import AdapterError
from consumer.api.access import Operator
from consumer.api.problem import ApiError
from consumer.api.services import Asked, Services
from consumer.control.webhooks.amazon import UnreadableMessageError
from consumer.control.webhooks.ebay import EbayWebhook

router = APIRouter(prefix="/api/webhooks", tags=["webhooks"])


class Challenge(BaseModel):
    """What proves to eBay that the address is ours."""

    challengeResponse: str = Field(examples=["ca527df75caa230092d7e90484e8f0dcfe8fa9fce1d8f1b0e8f2a2d4a2b4b4f1"])  # noqa: N815  eBay's name


class Taken(BaseModel):
    """What became of a message."""

    outcome: str = Field(examples=["hint: 1 listings are looked at again", "noted", "repeated"])


@router.get("/ebay/notifications")
async def ebay_challenge(
    services: Asked, challenge_code: Annotated[str, Query(min_length=1, max_length=200)]
) -> Challenge:
    """Answer eBay's challenge, which comes when the address is registered. No token: it tells nothing secret."""
    return Challenge(challengeResponse=_ebay(services).challenge(challenge_code))


@router.post("/ebay/notifications", status_code=204, response_class=Response)
async def ebay_notification(services: Asked, request: Request) -> None:
    """Take a notification that eBay signed. 412 where it did not, 500 where it is to be sent again."""
    hook = _ebay(services)
    try:
        await hook.receive(await request.body(), request.headers.get(SIGNATURE_HEADER, ""))
    except ForgedNoticeError as error:
        raise ApiError(412, "forged", f"{error}.") from error
    except AdapterError as error:
        raise ApiError(500, "unproved", "It cannot be proved now.", cure="Send it again.") from error


@router.post("/amazon/messages")
async def amazon_message(services: Asked, person: Operator, request: Request) -> Taken:
    """Take the body of a message of the queue that Amazon's notifications go to, as it is."""
    try:
        outcome = await services.told.amazon.receive(await request.body(), person.tenant)
    except UnreadableMessageError as error:
        raise ApiError(422, "unreadable-message", f"{error}.") from error
    return Taken(outcome=outcome)


def _ebay(services: Services) -> EbayWebhook:
    if services.told.ebay is None:
        words = "Notifications of eBay are not taken here."
        cure = "Set MARKETSYNC_RECORD_EBAY_ENDPOINT and MARKETSYNC_RECORD_EBAY_VERIFICATION_TOKEN."
        raise ApiError(404, "no-webhook", words, cure=cure)
    return services.told.ebay
