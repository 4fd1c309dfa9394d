-- Second factors of principals, and what waits for one.

create table totp_factors (
  principal_id text collate "C" primary key references principals (id) on delete cascade,
  sealed text collate "C" not null,
  created_at text collate "C" not null,
  confirmed_at text collate "C",
  last_step bigint not null
);

create table passkeys (
  credential_id text collate "C" primary key,
  principal_id text collate "C" not null references principals (id) on delete cascade,
  name text collate "C" not null,
  public_key text collate "C" not null,
  sign_count bigint not null,
  transports text collate "C" not null,
  created_at text collate "C" not null,
  last_used_at text collate "C"
);
create index passkeys_principal_id on passkeys (principal_id);

create table recovery_codes (
  code_hash text collate "C" primary key,
  principal_id text collate "C" not null references principals (id) on delete cascade,
  created_at text collate "C" not null
);
create index recovery_codes_principal_id on recovery_codes (principal_id);

create table factor_challenges (
  id text collate "C" primary key,
  principal_id text collate "C" not null references principals (id) on delete cascade,
  challenge text collate "C" not null,
  proven text collate "C",
  attempts_left bigint not null,
  expires_at text collate "C" not null
);
create index factor_challenges_expires_at on factor_challenges (expires_at);

create table step_up_links (
  id_hash text collate "C" primary key,
  principal_id text collate "C" not null references principals (id) on delete cascade,
  sign_in_id text collate "C" not null references sign_ins (id) on delete cascade,
  address text collate "C" not null,
  expires_at text collate "C" not null,
  completed_at text collate "C"
);
create index step_up_links_expires_at on step_up_links (expires_at);
