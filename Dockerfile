# syntax=docker/dockerfile:1
# One image for every role: `marketsync capture`, `deliver --channel ebay`, `feeds serve`, `api`, `orders run`, ...
# Multi-stage: pip, hashes and compilers stay in the first stage. Runs as 10001 with a read-only root.

FROM python:3.12-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /build
RUN python -m venv /opt/marketsync
COPY requirements/image.lock requirements/image.lock
# Only what is pinned with a hash is installed, and only as a wheel.
RUN /opt/marketsync/bin/pip install --no-deps --require-hashes --only-binary :all: -r requirements/image.lock
COPY requirements/build.lock requirements/build.lock
RUN python -m pip install --no-deps --require-hashes --only-binary :all: -r requirements/build.lock
COPY pyproject.toml README.md CHANGELOG.md ./
COPY adapters adapters
COPY consumer consumer
RUN python -m pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
    && /opt/marketsync/bin/pip install --no-deps dist/*.whl \
    && /opt/marketsync/bin/python -m compileall -q /opt/marketsync/lib \
    && /opt/marketsync/bin/pip uninstall --yes pip

FROM python:3.12-slim-bookworm
LABEL org.opencontainers.image.title="marketsync" \
      org.opencontainers.image.description="Keeps marketplaces equal to a product database"
RUN groupadd --gid 10001 marketsync \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin marketsync
COPY --from=build /opt/marketsync /opt/marketsync
COPY deploy/mongodb/roles.py deploy/kafka/acls.py /opt/marketsync/share/
# /metrics and /health are read from outside of the container. Bytecode is there already: the root is read-only.
ENV PATH=/opt/marketsync/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    MARKETSYNC_LOG_FORMAT=json MARKETSYNC_METRICS_HOST=0.0.0.0 MARKETSYNC_METRICS_PORT=9464 \
    MARKETSYNC_HOME=/tmp/marketsync
USER 10001:10001
WORKDIR /tmp
EXPOSE 9464
STOPSIGNAL SIGTERM
# Live, not ready: a channel that is away is no reason to restart anything.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
    CMD ["python", "-c", "import os,urllib.request as r; r.urlopen('http://127.0.0.1:'+os.environ['MARKETSYNC_METRICS_PORT']+'/health/live', timeout=4)"]
ENTRYPOINT ["marketsync"]
CMD ["--help"]
