#!/bin/sh
# As the official image does: the user that was named, from anywhere.
set -eu
cat >/etc/rabbitmq/rabbitmq.conf <<END
loopback_users.guest = false
default_user = ${RABBITMQ_DEFAULT_USER:-guest}
default_pass = ${RABBITMQ_DEFAULT_PASS:-guest}
log.console = true
END
[ "$(id -u)" != 0 ] || chown -R rabbitmq:rabbitmq /var/lib/rabbitmq
exec "$@"
