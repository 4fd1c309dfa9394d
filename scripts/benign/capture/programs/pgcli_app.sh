#!/usr/bin/env bash
# pgcli asks for everything that it can complete when it starts.
set -euo pipefail
{ sleep 4; printf '\\d\n'; sleep 1; printf 'select country, count(*) from customers group by country;\n'; sleep 1; printf '\\dt\n\\l\n\\df\n\\dn\n\\du\n\\dT\n\\d orders\n'; sleep 2; printf '\\q\n'; } |
  TERM=xterm PAGER=cat script -qec "$1 $DATABASE_URL" /dev/null > /dev/null
