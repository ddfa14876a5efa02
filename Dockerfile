# Builds Steward with its plugins inside it, then puts that one program on a small system without a toolchain.
# `docker build -t steward .` needs BuildKit, which every Docker since 23 uses.

FROM rust:1.95.0-bookworm AS build
# The toolchain of the image itself, which is the one rust-toolchain.toml names: the file also lists what development
# needs, and none of that is to be fetched here.
ENV RUSTUP_TOOLCHAIN=1.95.0
RUN rustup target add wasm32-wasip2
WORKDIR /src
COPY . .
# The target folder is a cache of the builder's and not part of any layer, so the program is taken out of it at once.
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/src/target,sharing=locked \
    cargo build --locked --profile dist --package steward \
    && install -D --target-directory=/out target/dist/steward

# The model that finds by meaning, checked by its sums. `--build-arg MODEL=` leaves it out: the image is half a gigabyte
# smaller, and memory is searched by words alone until `steward models pull`.
ARG MODEL=multilingual-e5-small
RUN mkdir -p /out/models \
    && if [ -n "$MODEL" ]; then /out/steward models pull "$MODEL" --to /out/models; fi

FROM debian:bookworm-slim
# What tools run: git, and bubblewrap to shut commands in. Where the container may not make namespaces, they run without
# and `steward doctor` says so. No versions are named, for a later point release takes them away.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends bubblewrap git \
    && rm -rf /var/lib/apt/lists/*
# Certificates and time zones come with the build image.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /usr/share/zoneinfo /usr/share/zoneinfo
RUN groupadd --gid 10001 steward \
    && useradd --uid 10001 --gid steward --no-log-init --no-create-home --home-dir /data --shell /usr/sbin/nologin steward \
    && install --directory --owner=steward --group=steward --mode=0750 /data /workspace
COPY --from=build /out/models /usr/share/steward/models
COPY --from=build /out/steward /usr/local/bin/steward

ENV STEWARD_DATA=/data \
    STEWARD_WORKSPACE=/workspace \
    STEWARD_MODELS=/usr/share/steward/models
VOLUME ["/data", "/workspace"]
# A steward.toml is looked for here.
WORKDIR /data
USER 10001:10001
HEALTHCHECK --interval=5m --timeout=1m --start-period=2m --retries=3 CMD ["steward", "doctor"]
ENTRYPOINT ["steward"]
CMD ["run"]
