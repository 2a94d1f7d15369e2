#!/usr/bin/env bash
# Makes a base image from Debian's packages, for a machine that can pull none: deploy/docker/base.sh
# Then: BASE=localhost/portal-base:bookworm make images. Needs debootstrap, podman, and to be root.
set -euo pipefail
ROOT=$(mktemp -d)
trap 'rm -rf "$ROOT"' EXIT
debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates bookworm "$ROOT" >&2
rm -rf "$ROOT"/usr/share/{doc,locale,man}/* "$ROOT"/var/cache/apt/archives/*.deb "$ROOT"/var/lib/apt/lists/*
tar -C "$ROOT" -c . | podman import --quiet \
    --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
    - localhost/portal-base:bookworm
