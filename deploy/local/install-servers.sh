#!/bin/sh
# Makes sure that this machine can give PostgreSQL and RabbitMQ to tests and to the local stack.
# Does nothing where a URL, a Docker engine or the programs are there. Installs no running service.
set -eu
cd "$(dirname "$0")/../.."

if .venv/bin/python -m common.testing.servers; then
    exit 0
fi

install="apt-get install -y --no-install-recommends postgresql rabbitmq-server"
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "Tests need PostgreSQL and RabbitMQ. Install them (on Debian and Ubuntu):" >&2
    echo "    sudo apt-get update && sudo $install" >&2
    echo "or start a Docker engine, or set PORTAL_TEST_POSTGRES_URL and PORTAL_TEST_RABBIT_URL." >&2
    exit 1
fi

# Debian's packages start their services at once unless this file says no.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 1' INT TERM
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q </dev/null
$install -q </dev/null
.venv/bin/python -m common.testing.servers
