#!/bin/sh
# As the official image does: a cluster at the first start, then the scripts that were laid there.
set -eu
PATH=$(echo /usr/lib/postgresql/*/bin):$PATH
if [ "$(id -u)" = 0 ]; then
    mkdir -p "$PGDATA" && chown postgres "$PGDATA"
    exec setpriv --reuid=postgres --regid=postgres --clear-groups "$0" "$@"
fi
METHOD=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
if [ ! -f "$PGDATA/PG_VERSION" ]; then
    chmod 700 "$PGDATA"
    # shellcheck disable=SC2086
    initdb --username=postgres --auth=trust --encoding=UTF8 --locale=C.UTF-8 ${POSTGRES_INITDB_ARGS:-} >/dev/null
    pg_ctl --silent -w -o "-c listen_addresses='' -k /tmp" start
    for FILE in /docker-entrypoint-initdb.d/*.sh; do
        [ ! -x "$FILE" ] || PGHOST=/tmp "$FILE"
    done
    [ -z "${POSTGRES_PASSWORD:-}" ] || psql --host=/tmp --username=postgres --quiet \
        --command="ALTER ROLE postgres PASSWORD '$POSTGRES_PASSWORD'"
    pg_ctl --silent -w stop
    echo "host all all all $METHOD" >>"$PGDATA/pg_hba.conf"
fi
case "${1:-}" in -*) set -- postgres "$@" ;; esac
exec "$@" -c listen_addresses='*' -k /tmp
