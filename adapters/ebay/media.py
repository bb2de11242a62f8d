"""Pictures on eBay's own server: each is copied there once and remembered by the address it came from.

An address that eBay gives out ends some 30 days later unless a listing shows the picture. What was uploaded is kept in
the listing's references, so that other processes and later revisions use it again; when its end is near it is uploaded
anew, since nobody can say whether a listing has shown it all the time. Source: commerce_media_v1_beta (1_beta.5.1).
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from datetime import datetime

from adapters.ebay.calls import Calls, mapping_of
from adapters.ebay.grouping import group_images
from adapters.ebay.pictures import Picture
from adapters.ebay.work import Work, alive
from adapters.errors import AdapterError, ChannelUnavailableError, RateLimitedError, RejectedListingError
from adapters.model import Listing

SPAN = 5.0  # seconds in which eBay takes 50 uploads of a seller
_MARGIN = 24 * 3600.0  # seconds before its end that a picture is uploaded anew
_REMEMBERED = 20_000  # pictures; those that were not used longest go first
_MEDIA = "/commerce/media/v1_beta"


class Pictures:
    """Uploads for one account. clock: seconds since 1970. parallel: uploads under way at once."""

    def __init__(self, calls: Calls, clock: Callable[[], float], *, parallel: int = 8) -> None:
        self._calls = calls
        self._clock = clock
        self._gate = asyncio.Semaphore(parallel)
        self._known: OrderedDict[str, Picture] = OrderedDict()
        self._under_way: dict[str, asyncio.Future[Picture]] = {}

    async def upload(self, works: Sequence[Work]) -> None:
        """Have all pictures of these works on eBay's server; a work whose pictures cannot be loaded fails."""

        async def one(work: Work) -> None:
            try:
                found = await self._all(images_of(work.listing), work.uploaded)
            except AdapterError as error:
                work.fail(error)
                return
            work.uploaded = found
            work.pictures = {source: picture.address for source, picture in found.items()}

        async with asyncio.TaskGroup() as group:
            for work in (one for one in alive(works) if not one.pictures):
                group.create_task(one(work))

    async def _all(self, sources: Sequence[str], before: Mapping[str, Picture]) -> dict[str, Picture]:
        """One failure stops the others of its listing from beginning; what is uploaded already stays remembered."""
        found = {}
        for source in sources:
            kept = before.get(source) or self._known.get(source)
            if kept is None or kept.expires - _MARGIN <= self._clock():
                kept = await self._once(source)
            self._remember(source, kept)
            found[source] = kept
        return found

    async def _once(self, source: str) -> Picture:
        """Listings that share a picture share its upload, also while it is under way."""
        if (running := self._under_way.get(source)) is not None:
            try:
                return await asyncio.shield(running)
            except AdapterError as error:
                raise copy(error) from error
        future: asyncio.Future[Picture] = asyncio.get_running_loop().create_future()
        self._under_way[source] = future
        try:
            picture = await self._create(source)
        except BaseException as error:
            future.set_exception(error if isinstance(error, AdapterError) else ChannelUnavailableError("cut off"))
            future.exception()  # looked at, also when nobody else waits for it
            raise
        else:
            future.set_result(picture)
            return picture
        finally:
            del self._under_way[source]

    async def _create(self, source: str) -> Picture:
        async with self._gate:
            try:
                answer = await self._calls.call("POST", f"{_MEDIA}/image/create_image_from_url", {"imageUrl": source})
            except RejectedListingError as error:
                words = f"eBay cannot use the picture {source}: {error.message}"
                raise RejectedListingError(words, code=error.code, status=error.status) from error
            except RateLimitedError as error:
                error.delay = SPAN if error.delay is None else error.delay
                raise
            except AdapterError as error:
                error.effect_unknown = False  # a picture too many does no harm
                raise
        body = mapping_of(answer)
        if not body.get("imageUrl"):
            words = f"eBay: createImageFromUrl was answered without an address: {answer.excerpt}"
            raise ChannelUnavailableError(words, status=answer.status)
        return Picture(str(body["imageUrl"]), _moment(body.get("expirationDate"), self._clock()))

    def _remember(self, source: str, picture: Picture) -> None:
        self._known[source] = picture
        self._known.move_to_end(source)
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)


def images_of(listing: Listing) -> list[str]:
    """Every picture that a listing or one of its variants shows, once."""
    variants = [image for variant in listing.variants for image in variant.images]
    own = group_images(listing) if listing.variants else listing.images
    return list(dict.fromkeys([*own, *listing.images, *variants]))


def _moment(text: object, now: float) -> float:
    """A time as seconds since 1970; what is no time counts as over soon."""
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return now + 2 * _MARGIN
