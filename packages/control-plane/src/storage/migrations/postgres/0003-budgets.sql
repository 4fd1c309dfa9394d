-- What principals have spent of which budget, and the leases that gateways hold on them.

create table budget_accounts (
  account text collate "C" not null,
  counter text collate "C" not null,
  rule_id text collate "C" not null,
  principal_id text collate "C" not null,
  resource_id text collate "C",
  limit_value bigint not null,
  window_seconds bigint not null,
  used_at text collate "C" not null,
  exceeded_at text collate "C",
  primary key (account, counter)
);
create index budget_accounts_principal_id on budget_accounts (principal_id);

create table budget_spends (
  account text collate "C" not null,
  counter text collate "C" not null,
  ends_at text collate "C" not null,
  frees_at text collate "C" not null,
  amount bigint not null,
  primary key (account, counter, ends_at)
);
create index budget_spends_frees_at on budget_spends (frees_at);

create table budget_values (
  account text collate "C" not null,
  counter text collate "C" not null,
  token text collate "C" not null,
  ends_at text collate "C" not null,
  frees_at text collate "C" not null,
  primary key (account, counter, token)
);
create index budget_values_frees_at on budget_values (frees_at);

create table budget_leases (
  id text collate "C" primary key,
  account text collate "C" not null,
  session_id text collate "C" not null,
  ends_at text collate "C" not null,
  expires_at text collate "C" not null,
  amounts text collate "C" not null
);
create index budget_leases_account on budget_leases (account);
create index budget_leases_expires_at on budget_leases (expires_at);
