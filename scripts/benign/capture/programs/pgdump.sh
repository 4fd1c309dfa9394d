#!/usr/bin/env bash
# Whole dumps, as backups are made.
set -euo pipefail
file=$(mktemp)
trap 'rm -f "$file"' EXIT
pg_dump --file="$file"
pg_dump --schema-only --file="$file"
pg_dump --data-only --inserts --table=products --file="$file"
pg_dump --format=custom --file="$file"
pg_dumpall --globals-only --file="$file"
pg_dumpall --schema-only --file="$file"
