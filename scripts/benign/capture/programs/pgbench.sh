#!/usr/bin/env bash
set -euo pipefail
pgbench -i -I dtGvpf -s 1 -q
for mode in simple extended prepared; do
  pgbench -n -t 3 -M "$mode"
  pgbench -n -t 3 -M "$mode" -S
  pgbench -n -t 2 -M "$mode" -N
done
