"""`marketsync sandbox`: local stand-ins of the channels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from consumer.cli.capture import Supervised

app = typer.Typer(help="Local stand-ins of the channels, to try things without a marketplace.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Local stand-ins of the channels, to try things without a marketplace."""


@app.command()
def ebay(  # noqa: PLR0913  one for each option of the stand-in
    context: typer.Context,
    port: Annotated[int, typer.Option(help="Loopback port; 0 takes a free one.")] = 0,
    ready_file: Annotated[str | None, typer.Option(help="Written with the address once it serves.")] = None,
    client_id: Annotated[str | None, typer.Option(help="The application's id [default: sandbox-client].")] = None,
    client_secret: Annotated[str | None, typer.Option(help="Its secret [default: sandbox-secret].")] = None,
    refresh_token: Annotated[str | None, typer.Option(help="The seller's [default: sandbox-refresh-token].")] = None,
    access_token: Annotated[
        str | None, typer.Option(help="Valid from the start, empty for none [default: sandbox-access-token].")
    ] = None,
    seller: Annotated[
        list[str] | None, typer.Option(help="Another one: name:client_id:client_secret:refresh_token; may be repeated.")
    ] = None,
    token_lifetime: Annotated[int | None, typer.Option(help="Of access tokens, in seconds [default: 7200].")] = None,
    revisions_per_day: Annotated[int | None, typer.Option(help="Of one listing [default: 250].")] = None,
    publish_sold_out: Annotated[
        bool, typer.Option("--publish-sold-out", help="Let a new listing start with quantity 0.")
    ] = False,
    require_ean: Annotated[bool, typer.Option("--require-ean", help="Refuse to publish without an EAN.")] = False,
    alphanumeric_skus: Annotated[
        bool, typer.Option("--alphanumeric-skus", help="Refuse other signs in SKUs, as eBay's words demand.")
    ] = False,
    supervised: Supervised = False,
) -> None:
    """Serve an empty eBay until stopped. Prints its address; what buyers see is at /_sandbox/listings."""
    from adapters.sandbox.ebay.__main__ import main
    from consumer.processes import watch_parent

    if supervised:
        watch_parent()
    main(list(_passed_on(context.params)))


@app.command()
def amazon(  # noqa: PLR0913  one for each option of the stand-in
    context: typer.Context,
    port: Annotated[int, typer.Option(help="Loopback port; 0 takes a free one.")] = 0,
    ready_file: Annotated[str | None, typer.Option(help="Written with the address once it serves.")] = None,
    client_id: Annotated[
        str | None, typer.Option(help="The application's id [default: amzn1.application-oa2-client.sandbox].")
    ] = None,
    client_secret: Annotated[str | None, typer.Option(help="Its secret [default: sandbox-secret].")] = None,
    refresh_token: Annotated[
        str | None, typer.Option(help="The seller's [default: Atzr|sandbox-refresh-token].")
    ] = None,
    access_token: Annotated[
        str | None, typer.Option(help="Valid from the start, empty for none [default: Atza|sandbox-access-token].")
    ] = None,
    seller: Annotated[
        list[str] | None, typer.Option(help="Another one: name:client_id:client_secret:refresh_token; may be repeated.")
    ] = None,
    token_lifetime: Annotated[int | None, typer.Option(help="Of access tokens, in seconds [default: 3600].")] = None,
    no_limits: Annotated[bool, typer.Option("--no-limits", help="Answer as many calls as come.")] = False,
    refuse_internal_gtins: Annotated[
        bool, typer.Option("--refuse-internal-gtins", help="Refuse barcodes for use inside a company, as Amazon does.")
    ] = False,
    discoverable_after: Annotated[
        float | None, typer.Option(help="Until a new listing can be found, in seconds [default: 1.0].")
    ] = None,
    buyable_after: Annotated[
        float | None, typer.Option(help="Until a new listing can be bought, in seconds [default: 3.0].")
    ] = None,
    revised_after: Annotated[
        float | None, typer.Option(help="Until an accepted change shows, in seconds [default: 0.5].")
    ] = None,
    judged_after: Annotated[
        float | None, typer.Option(help="Until the catalogue says what is wrong, in seconds [default: 2.0].")
    ] = None,
    feed_waits: Annotated[float | None, typer.Option(help="Of a feed in the queue, in seconds [default: 1.0].")] = None,
    feed_takes: Annotated[float | None, typer.Option(help="Of work on a feed, in seconds [default: 1.0].")] = None,
    supervised: Supervised = False,
) -> None:
    """Serve an empty Amazon until stopped. Prints its address; what buyers see is at /_sandbox/listings."""
    from adapters.sandbox.amazon.__main__ import main
    from consumer.processes import watch_parent

    if supervised:
        watch_parent()
    main(list(_passed_on(context.params)))


@app.command()
def manomano(  # noqa: PLR0913  one for each option of the stand-in
    context: typer.Context,
    port: Annotated[int, typer.Option(help="Loopback port; 0 takes a free one.")] = 0,
    ready_file: Annotated[str | None, typer.Option(help="Written with the address once it serves.")] = None,
    api_key: Annotated[str | None, typer.Option(help="Of the first seller [default: sandbox-api-key].")] = None,
    seller: Annotated[
        list[str] | None, typer.Option(help="Another one: name:api_key:contract:market; may be repeated.")
    ] = None,
    calls_per_hour: Annotated[int | None, typer.Option(help="Of one key [default: 250].")] = None,
    offer_calls_per_hour: Annotated[int | None, typer.Option(help="Of one address, on offers [default: 200].")] = None,
    approval: Annotated[float | None, typer.Option(help="Seconds until content is approved [default: 0.0].")] = None,
    without_content: Annotated[
        bool, typer.Option("--without-content", help="Sell offers that have no content.")
    ] = False,
    supervised: Supervised = False,
) -> None:
    """Serve an empty ManoMano until stopped. Prints its address; what buyers see is at /_sandbox/listings."""
    from adapters.sandbox.manomano.__main__ import main
    from consumer.processes import watch_parent

    if supervised:
        watch_parent()
    main(list(_passed_on(context.params)))


def _passed_on(options: Mapping[str, Any]) -> Iterator[str]:
    """What the stand-in's own command line takes: every option that was given. Ours end here."""
    for name, value in options.items():
        if name in ("supervised", "context") or value is None or value is False:
            continue
        option = f"--{name.replace('_', '-')}"
        if value is True:
            yield option
        else:
            yield from (f"{option}={one}" for one in (value if isinstance(value, list | tuple) else [value]))
