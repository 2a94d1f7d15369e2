#!/bin/sh
# Run by the image of PostgreSQL at its first start: a role and a database for every service.
set -eu
for NAME in identity screening uploads service_cases shop training; do
    psql --username=postgres --quiet --set=ON_ERROR_STOP=1 --set=password="$POSTGRES_PASSWORD" <<END
CREATE ROLE $NAME LOGIN PASSWORD :'password';
CREATE DATABASE $NAME OWNER $NAME;
END
done
