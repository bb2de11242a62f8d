"""Pictures that are copied to eBay's own server: createImageFromUrl and getImage of the Media API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from adapters.sandbox.ebay import shapes
from adapters.sandbox.ebay.errors import Json, RefusedError, refused
from adapters.sandbox.ebay.pictures import PICTURES_AT
from adapters.sandbox.ebay.requests import body_of
from adapters.sandbox.ebay.state import Shop
from adapters.sandbox.server import Reply, Request

_LIVES = timedelta(days=30)  # of a picture that no listing shows, as seen live
_SPAN = 5.0


@dataclass(frozen=True, slots=True)
class Picture:
    """One upload. source: the address it was copied from; document: what eBay says of it."""

    source: str
    document: Json


def upload(shop: Shop, request: Request) -> Reply:
    """createImageFromUrl: another picture each time, also of the same address. At most 50 in 5 seconds."""
    now = shop.clock()
    shop.uploads[:] = [at for at in shop.uploads if at > now - _SPAN]
    if len(shop.uploads) >= shop.rules.uploads_per_span:
        raise refused(2001)
    shop.uploads.append(now)
    source = body_of(request, shapes.IMAGE).get("imageUrl") or ""
    if not source.startswith("https://") or source in shop.rules.broken_pictures:
        raise refused(190204, source, name="imageUrl", value=source)
    number = sha256(f"{shop.seller.name}/{len(shop.pictures)}".encode()).hexdigest()[:16]
    expires = datetime.fromtimestamp(now, UTC) + _LIVES
    document = {
        "imageUrl": f"{PICTURES_AT}{number}/s-l1600.jpg",
        "maxDimensionImageUrl": f"{PICTURES_AT}{number}/s-l9999.jpg",
        "expirationDate": expires.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
    }
    shop.pictures[number] = Picture(source, document)
    return Reply(201, document, {"Location": f"https://apim.ebay.com/commerce/media/v1_beta/image/{number}"})


def get_picture(shop: Shop, request: Request) -> Reply:
    """getImage. Raises RefusedError 404/190200 for one that is not there (any more)."""
    picture = shop.pictures.get(request.segments[4])
    if picture is None:
        raise RefusedError(refused(190200).errors, 404)
    return Reply(200, picture.document)
