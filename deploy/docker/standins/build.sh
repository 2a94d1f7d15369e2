#!/usr/bin/env bash
# Builds the stand-ins under the official images' names: BASE=localhost/portal-base:bookworm
# deploy/docker/standins/build.sh. Needs podman and, for the mail catcher, npm.
set -euo pipefail
cd "$(dirname "$0")/../../.."
CONTEXT=build/standins
mkdir -p "$CONTEXT/maildev"
cp deploy/docker/standins/*.sh requirements-dev.txt "$CONTEXT"
npm install --silent --prefix "$CONTEXT/maildev" maildev@2.2.1 >&2
build() {
    echo "$2 …" >&2
    podman build ${NETWORK:+--network "$NETWORK"} ${BUILD_OPTIONS:-} --build-arg "BASE=$BASE" \
        --file deploy/docker/standins/Dockerfile --target "$1" --tag "$2" "$CONTEXT" >&2
}
build postgres postgres:17
build rabbitmq rabbitmq:4-management
build moto motoserver/moto:5.2.5
build maildev maildev/maildev:2.2.1
