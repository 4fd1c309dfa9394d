-- What principals have spent of which budget, and the leases that gateways hold on them.

create table budget_accounts (
  account text not null,
  counter text not null,
  rule_id text not null,
  principal_id text not null,
  resource_id text,
  limit_value integer not null,
  window_seconds integer not null,
  used_at text not null,
  exceeded_at text,
  primary key (account, counter)
);
create index budget_accounts_principal_id on budget_accounts (principal_id);

create table budget_spends (
  account text not null,
  counter text not null,
  ends_at text not null,
  frees_at text not null,
  amount integer not null,
  primary key (account, counter, ends_at)
);
create index budget_spends_frees_at on budget_spends (frees_at);

create table budget_values (
  account text not null,
  counter text not null,
  token text not null,
  ends_at text not null,
  frees_at text not null,
  primary key (account, counter, token)
);
create index budget_values_frees_at on budget_values (frees_at);

create table budget_leases (
  id text primary key not null,
  account text not null,
  session_id text not null,
  ends_at text not null,
  expires_at text not null,
  amounts text not null
);
create index budget_leases_account on budget_leases (account);
create index budget_leases_expires_at on budget_leases (expires_at);
