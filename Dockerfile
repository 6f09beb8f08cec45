# syntax=docker/dockerfile:1
# The image of Fairway: docs/concepts/image.md. Both bases are pinned by the tag of their release; a release pins them by digest,
# with --build-arg BUILD_IMAGE=…@sha256:… and RUNTIME_IMAGE=…@sha256:….
ARG BUILD_IMAGE=docker.io/library/node:26.10.0-trixie-slim
ARG RUNTIME_IMAGE=gcr.io/distroless/cc-debian13:nonroot

# Packages, and the Node that everything is tested with, both verified by package-lock.json. What is compiled is the same for
# every processor, so that nothing of this is emulated.
FROM --platform=$BUILDPLATFORM ${BUILD_IMAGE} AS build
# Node needs one library that small images may not have.
RUN ls /usr/lib/*-linux-gnu/libatomic.so.1 >/dev/null 2>&1 || \
    { apt-get update && apt-get install --yes --no-install-recommends libatomic1; }
ARG TARGETARCH
ARG SOURCE_DATE_EPOCH
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
RUN mkdir /target && cp package.json package-lock.json /target/ && cd /target && \
    case "$TARGETARCH" in amd64) arch=x64 ;; arm64) arch=arm64 ;; *) echo "no Node is pinned for $TARGETARCH" >&2; exit 1 ;; esac && \
    npm ci --omit=dev --os=linux --cpu="$arch" --libc=glibc --ignore-scripts --no-audit --no-fund && echo "$arch" >/target/arch
COPY . .
RUN npm run --silent build -- --out /out --node-modules /target/node_modules --arch "$(cat /target/arch)"

# The same library for the runtime image, which has none.
FROM ${BUILD_IMAGE} AS libraries
RUN ls /usr/lib/*-linux-gnu/libatomic.so.1 >/dev/null 2>&1 || \
    { apt-get update && apt-get install --yes --no-install-recommends libatomic1; }
RUN mkdir /libraries && cp --dereference --parents /usr/lib/*-linux-gnu/libatomic.so.1 /libraries/

FROM ${RUNTIME_IMAGE} AS runtime
COPY --from=libraries /libraries/ /
COPY --from=build /out/image/ /
USER 1337:1337
WORKDIR /tmp

# V8's compile cache is made where it is used: it is kept apart by processor, user, place and version.
FROM runtime AS warm
COPY --from=build /build/scripts/build/warm-cache.mjs /opt/warm-cache.mjs
RUN ["/usr/local/bin/node", "/opt/warm-cache.mjs", "/tmp/cache"]

FROM runtime
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED
LABEL org.opencontainers.image.title="fairway" \
      org.opencontainers.image.description="The programmable waypoint: an L7 proxy for sidecar-free service meshes" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
COPY --from=warm --chown=0:0 /tmp/cache/ /opt/fairway/node_modules/.cache/fairway/
# HBONE, readiness, metrics. The admin API listens on loopback only.
EXPOSE 15008 15021 15020
ENTRYPOINT ["/usr/local/bin/fairway"]
