# One image for every process of Clipper: web, api, worker, migrate, or all of them in one container (`serve`, below).
# The base is Debian 12 with Debian's own Python, because its packages alone suffice (no compiler, no second source),
# its security fixes arrive by building anew, and every step can be run and tested without a registry of images.
ARG BASE=debian:bookworm-20260824-slim

FROM ${BASE} AS base
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends ca-certificates python3 \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/log/*.log /var/log/apt

# What is needed to install stays in this stage. The packages come before our code, so that they are only installed
# again when the lock changes.
FROM base AS packages
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends python3-pip python3-venv
RUN python3 -m venv --without-pip /opt/clipper
COPY requirements.txt /tmp/requirements.txt
# The lock is complete (--no-deps, and checked), and nothing is ever built. Pandas' and Arrow's own tests and the
# headers for C++ are never loaded: 60 MB.
RUN python3 -m pip --python /opt/clipper/bin/python install --no-cache-dir --no-deps --only-binary :all: \
        --requirement /tmp/requirements.txt \
    && python3 -m pip --python /opt/clipper/bin/python check \
    && cd /opt/clipper/lib/python3*/site-packages \
    && rm -rf pandas/tests pyarrow/tests pyarrow/include

FROM base
ENV PATH=/opt/clipper/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    # Libraries that bring their own OpenSSL don't look where Debian keeps its certificates.
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt \
    CLIPPER_HOST=0.0.0.0 \
    CLIPPER_PORT=8501 \
    CLIPPER_DATA_DIR=/data
# The number is fixed, so that what is in a volume still belongs to the user of the next image.
RUN groupadd --gid 10001 clipper \
    && useradd --uid 10001 --gid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin clipper \
    && install --directory --owner=10001 --group=10001 --mode=0750 /data
COPY --from=packages /opt/clipper /opt/clipper
WORKDIR /app
COPY LICENSE THIRD_PARTY.md streamlit_app.py worker.py ./
COPY .streamlit .streamlit/
COPY sample sample/
COPY pages pages/
COPY clipper_core clipper_core/
# Readable whatever the rights of the checkout were, and compiled here, because nobody may write here later.
RUN chmod -R u=rwX,go=rX . \
    && python -m compileall -q .
USER 10001:10001
EXPOSE 8000 8501
# Well means that the process answers. Which of its parts are, is in the answer: 503 if one is missing.
HEALTHCHECK --interval=15s --timeout=12s --start-period=60s --retries=4 \
    CMD ["python", "-c", "import http.client as h; c = h.HTTPConnection('127.0.0.1', 8501, timeout=10); c.request('GET', '/health'); exit(c.getresponse().status not in (200, 503))"]
CMD ["python", "-m", "clipper_core", "serve"]
