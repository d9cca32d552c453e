# krab in a container: `docker build -t krab .`, then see docs/operations.md for how to run it.

FROM python:3.11-slim-bookworm AS build

# Whatever make the base image's Debian has will do.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends make \
 && rm -rf /var/lib/apt/lists/*

WORKDIR /app
COPY Makefile pyproject.toml constraints.txt requirements.lock requirements-milvus.lock README.md LICENSE ./
COPY index/ index/
COPY feeds/ feeds/
COPY bot/ bot/

# With --build-arg LOCK=requirements-milvus.lock the client of Milvus is there too.
ARG LOCK=requirements.lock

# As everywhere: the locked packages, PyTorch for CPUs, and the model turned into what runs (no download at run time).
# Byte code is compiled here, since the running container can't write it.
RUN --mount=type=cache,target=/var/cache/pip \
    PIP_CACHE_DIR=/var/cache/pip make .venv "LOCK=$LOCK" \
 && .venv/bin/python -m compileall -q bot index feeds


FROM python:3.11-slim-bookworm

# git reads the mailing lists' archives. Its fixes matter more than its version.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends git \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --gid 10001 krab \
 && useradd --uid 10001 --gid krab --no-create-home --home-dir /data --shell /usr/sbin/nologin krab \
 && install --directory --owner=krab --group=krab --mode=0700 /data

# The same path as above: the environment knows its place.
COPY --from=build /app /app

# Only /data and /tmp are written to, so the rest may be read-only.
ENV PATH=/app/.venv/bin:$PATH \
    KRAB_DATA=/data \
    KRAB_WEB_LISTEN=0.0.0.0:8080 \
    HOME=/tmp \
    HF_HOME=/data/models \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1

WORKDIR /data
VOLUME /data
EXPOSE 8080
USER 10001:10001

HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import http.client, os; c = http.client.HTTPConnection('127.0.0.1', int(os.environ['KRAB_WEB_LISTEN'].rpartition(':')[2]), timeout=4); c.request('GET', '/healthz'); raise SystemExit(c.getresponse().status != 200)"]

CMD ["krab", "serve"]
