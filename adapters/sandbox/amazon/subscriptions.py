"""The Notifications API, as far as it concerns listings, product types and feeds: destinations and subscriptions."""

from __future__ import annotations

from adapters.sandbox.amazon.errors import Json, RefusedError
from adapters.sandbox.amazon.notices import PAYLOAD_VERSIONS
from adapters.sandbox.amazon.requests import body_of
from adapters.sandbox.amazon.shop import Shop
from adapters.sandbox.server import Reply, Request


def create_destination(shop: Shop, request: Request) -> Reply:
    """createDestination: a queue (SQS) or an event bus of the seller's."""
    wanted = body_of(request)
    resource, name = wanted.get("resourceSpecification"), wanted.get("name")
    if not isinstance(resource, dict) or not isinstance(name, str) or not {"sqs", "eventBridge"} & resource.keys():
        raise RefusedError(400, "name and a resourceSpecification of sqs or eventBridge are needed.")
    destinations = shop.catalogue.destinations.setdefault(shop.seller.client_id, {})
    if any(one["name"] == name for one in destinations.values()):
        raise RefusedError(409, "A destination with this name exists.", code="InvalidInput")
    number = f"destination-{len(destinations) + 1}"
    destinations[number] = {"name": name, "destinationId": number, "resource": resource}
    return Reply(200, {"payload": destinations[number]})


def list_destinations(shop: Shop, request: Request) -> Reply:
    """getDestinations."""
    return Reply(200, {"payload": list(shop.catalogue.destinations.get(shop.seller.client_id, {}).values())})


def subscribe(shop: Shop, request: Request) -> Reply:
    """createSubscription of a notification type."""
    kind, wanted = _kind(request), body_of(request)
    destination, version = str(wanted.get("destinationId")), wanted.get("payloadVersion")
    if destination not in shop.catalogue.destinations.get(shop.seller.client_id, {}):
        raise RefusedError(400, "Invalid 'destinationId' provided.")
    if version != PAYLOAD_VERSIONS[kind]:
        raise RefusedError(400, "Invalid 'payloadVersion' provided.", f"it is {PAYLOAD_VERSIONS[kind]}")
    if kind in shop.notices.subscriptions:
        raise RefusedError(409, "A subscription of this type exists.", code="InvalidInput")
    number = f"subscription-{shop.seller.number}-{kind}"
    kept: Json = {"subscriptionId": number, "payloadVersion": version, "destinationId": destination}
    shop.notices.subscriptions[kind] = kept
    return Reply(200, {"payload": kept})


def get_subscription(shop: Shop, request: Request) -> Reply:
    """getSubscription."""
    kept = shop.notices.subscriptions.get(_kind(request))
    if kept is None:
        raise RefusedError(404, "There is no subscription of this type.")
    return Reply(200, {"payload": kept})


def unsubscribe(shop: Shop, request: Request) -> Reply:
    """deleteSubscriptionById: of any seller of the application, as the call is grantless."""
    kind, number = _kind(request), request.segments[4]
    for one in shop.catalogue.shops:
        if one.notices.subscriptions.get(kind, {}).get("subscriptionId") == number:
            del one.notices.subscriptions[kind]
            return Reply(200, {})
    raise RefusedError(404, "There is no such subscription.")


def _kind(request: Request) -> str:
    kind = request.segments[3]
    if kind not in PAYLOAD_VERSIONS:
        raise RefusedError(400, "Invalid 'notificationType' provided.")
    return kind
