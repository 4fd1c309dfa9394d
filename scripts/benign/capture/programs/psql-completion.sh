#!/usr/bin/env bash
# Tab completion as a person uses it: psql reads keys from a terminal.
set -euo pipefail
lines=(
  $'select * from \t\t' $'select * from ord\t\t' $'insert into \t\t' $'update cus\t\t' $'\\d \t\t' $'\\d ware\t\t'
  $'drop table \t\t' $'alter table orders \t\t' $'alter table orders drop column \t\t' $'select * from customers where \t\t'
  $'set \t\t' $'set search_path to \t\t' $'\\df \t\t' $'create index on \t\t' $'create index on orders (\t\t'
  $'\\dT \t\t' $'\\dn \t\t' $'\\dv \t\t' $'\\ds \t\t' $'\\di \t\t' $'\\du \t\t' $'\\l \t\t' $'\\c \t\t' $'grant select on \t\t'
  $'grant select on orders to \t\t' $'alter role \t\t' $'drop function \t\t' $'comment on table \t\t' $'refresh materialized view \t\t'
  $'vacuum \t\t' $'analyze \t\t' $'lock table \t\t' $'alter view \t\t' $'alter sequence \t\t' $'drop trigger \t\t' $'drop extension \t\t'
  $'create trigger x before update on \t\t' $'alter type \t\t' $'drop schema \t\t' $'\\sf \t\t' $'\\sv \t\t' $'copy \t\t' $'reindex table \t\t'
  $'cluster \t\t' $'show \t\t' $'alter database \t\t' $'create extension \t\t' $'notify \t\t' $'execute \t\t' $'\\dx \t\t' $'\\dF \t\t' $'\\dp \t\t'
)
{
  for line in "${lines[@]}"; do
    printf '%s' "$line"
    sleep 0.25
    printf '\025' # Ctrl-U: a fresh line
  done
  printf '\\q\n'
} | TERM=xterm script -qec "psql -X" /dev/null > /dev/null
