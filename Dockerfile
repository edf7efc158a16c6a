# The runtime image: rft with its core dependencies, and whichever extras are asked for.
#   docker build -t rft .
#   docker build -t rft --build-arg EXTRAS='[vllm,train]' .        an image for GPU machines
#   docker build -t rft --build-arg BASE=debian:bookworm .         any base that has python3 (3.11 or newer) and venv
#   docker run --rm -v "$PWD/runs:/data/runs" -v "$PWD/my.yaml:/data/my.yaml" rft run my.yaml
ARG BASE=python:3.11-slim
FROM ${BASE}

ARG EXTRAS=""
WORKDIR /opt/rft
COPY pyproject.toml README.md LICENSE ./
COPY sandboxes sandboxes
COPY tasks tasks
COPY verifiers verifiers
COPY rft rft
RUN python3 -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir ".${EXTRAS}" \
    && useradd --create-home --uid 1000 rft \
    && mkdir /data && chown rft /data

USER rft
WORKDIR /data
ENTRYPOINT ["/opt/venv/bin/rft"]
CMD ["--help"]
