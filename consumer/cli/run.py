"""`marketsync run`."""

from __future__ import annotations

# Seconds on top of the drain that children get to close their connections.
_CLOSING = 10


def command() -> None:
    """Run everything on this machine: capture, and delivery for every channel that has an account, until stopped.

    Channels come and go with their accounts. With no servers configured, a real MongoDB and a real Kafka are started
    here, and stopped at the end.
    """
    import asyncio

    import structlog

    from consumer.bootstrap.accounts import channels_of
    from consumer.bootstrap.channels import ChannelKeeper
    from consumer.bootstrap.parts import api_part, service_parts, with_feeds
    from consumer.bootstrap.preparation import ready_to_run
    from consumer.bootstrap.start import begin, own_servers
    from consumer.errors import SettingsError
    from consumer.processes import Supervisor, doubling, ignore_signals, interrupt_on_term, run_until_signalled

    interrupt_on_term()
    settings = begin("run")
    log = structlog.get_logger()
    if not (settings.place.tenants or settings.place.tenant_registry):
        raise SettingsError(
            "MARKETSYNC_TENANTS is empty: name the tenants, or their registry in MARKETSYNC_TENANT_REGISTRY"
        )
    with own_servers(settings, log.info, lasting=True) as endpoints:
        ready_to_run(settings, endpoints)
        channels = with_feeds(channels_of(settings, endpoints))
        if not channels:
            log.warning("there is no account, changes are only captured", cure="`marketsync accounts add`")
        parts = service_parts(settings, endpoints, channels)
        running = dict(zip(channels, parts[1:], strict=True))
        if settings.api.usable:
            parts.append(api_part(settings, endpoints, beside=parts))
        else:
            log.info("the HTTP API is not served", cure="set API_JWT_SECRET or API_JWKS_URL")
        for part in parts:
            log.info("metrics and health", of=part.child.name, at=part.metrics_url)
        supervisor = Supervisor(
            [part.child for part in parts],
            patience=settings.delivery.drain + _CLOSING,
            backoff=doubling(0.5, 30),
        )
        keeper = ChannelKeeper(settings, endpoints, supervisor, running, parts)
        try:
            asyncio.run(run_until_signalled(supervisor, keeper.run()))
        finally:
            ignore_signals()
        log.info("drained, everything has ended")
