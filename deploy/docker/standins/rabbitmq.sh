#!/bin/sh
# As the official image does: the user that was named, from anywhere; a process that hears SIGTERM.
set -eu
PATH=/usr/lib/rabbitmq/bin:$PATH
if [ "$(id -u)" = 0 ]; then
    cat >/etc/rabbitmq/rabbitmq.conf <<END
loopback_users.guest = false
default_user = ${RABBITMQ_DEFAULT_USER:-guest}
default_pass = ${RABBITMQ_DEFAULT_PASS:-guest}
log.console = true
END
    chown -R rabbitmq:rabbitmq /var/lib/rabbitmq
    exec setpriv --reuid=rabbitmq --regid=rabbitmq --clear-groups env HOME=/var/lib/rabbitmq "$0" "$@"
fi
exec "$@"
