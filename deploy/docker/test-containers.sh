#!/usr/bin/env bash
# Runs the tests of servers, brokers and operators' commands with PostgreSQL and RabbitMQ as
# containers: on the Docker engine that answers, else on podman's socket, opened for this run.
set -euo pipefail
cd "$(dirname "$0")/../.."
if ! docker info >/dev/null 2>&1; then
    command -v podman >/dev/null || { echo "Not run: no Docker engine answers, and podman is not here." >&2; exit 2; }
    SOCKET=$(mktemp -d)/podman.sock
    podman system service --time=0 "unix://$SOCKET" &
    trap 'kill %1; rm -rf "$(dirname "$SOCKET")"' EXIT
    until [ -S "$SOCKET" ]; do sleep 0.1; done
    export DOCKER_HOST="unix://$SOCKET" TESTCONTAINERS_RYUK_DISABLED=true
    export TESTCONTAINERS_CONNECTION_MODE=docker_host
fi
FOUND=$(.venv/bin/python -m common.testing.servers)
echo "$FOUND" >&2
[ "$(grep -c 'a container' <<<"$FOUND")" = 2 ] || { echo "Not run: the engine does not let us in." >&2; exit 2; }
PYTHONHASHSEED=0 .venv/bin/python -m pytest -q libs/common/tests/test_servers.py \
    libs/common/tests/test_brokers.py libs/common/tests/test_granted_role.py tests/rabbit "$@"
