#!/usr/bin/env bash
# Builds the images of all services, or of those named: deploy/docker/build.sh [SERVICE…]
# With docker, podman or buildah, whichever is there. TAG= names the version (default: dev), BASE=
# another base image, for a site that pulls none; NETWORK=host where the engine has none of its own;
# BUILD_OPTIONS= whatever else the engine is to be told.
# Beside each image a bill of materials (CycloneDX) is written to build/sbom/.
set -euo pipefail
cd "$(dirname "$0")/../.."
SERVICES=("$@")
[ ${#SERVICES[@]} -gt 0 ] || SERVICES=(identity screening uploads service-cases shop training gateway)
for ENGINE in docker podman buildah; do
    command -v "$ENGINE" >/dev/null && "$ENGINE" info >/dev/null 2>&1 && break || ENGINE=
done
[ -n "$ENGINE" ] || { echo "Neither docker, podman nor buildah works here: install one." >&2; exit 1; }
OPTIONS=()
[ -z "${BASE:-}" ] || OPTIONS+=(--build-arg "BASE=$BASE")
[ -z "${NETWORK:-}" ] || OPTIONS+=(--network "$NETWORK")
for SERVICE in "${SERVICES[@]}"; do
    echo "portal-$SERVICE with $ENGINE …" >&2
    # shellcheck disable=SC2086
    "$ENGINE" build "${OPTIONS[@]}" ${BUILD_OPTIONS:-} --build-arg "SERVICE=$SERVICE" \
        --tag "portal-$SERVICE:${TAG:-dev}" --file deploy/docker/Dockerfile .
    mkdir -p build/sbom
    PYTHONPATH=. .venv/bin/python -m deploy.docker.sbom "$SERVICE" > "build/sbom/portal-$SERVICE.json"
done
