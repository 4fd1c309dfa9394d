-- Second factors of principals, and what waits for one.

create table totp_factors (
  principal_id text primary key not null references principals (id) on delete cascade,
  sealed text not null,
  created_at text not null,
  confirmed_at text,
  last_step integer not null
) strict;

create table passkeys (
  credential_id text primary key not null,
  principal_id text not null references principals (id) on delete cascade,
  name text not null,
  public_key text not null,
  sign_count integer not null,
  transports text not null,
  created_at text not null,
  last_used_at text
) strict;
create index passkeys_principal_id on passkeys (principal_id);

create table recovery_codes (
  code_hash text primary key not null,
  principal_id text not null references principals (id) on delete cascade,
  created_at text not null
) strict;
create index recovery_codes_principal_id on recovery_codes (principal_id);

create table factor_challenges (
  id text primary key not null,
  principal_id text not null references principals (id) on delete cascade,
  challenge text not null,
  proven text,
  attempts_left integer not null,
  expires_at text not null
) strict;
create index factor_challenges_expires_at on factor_challenges (expires_at);

create table step_up_links (
  id_hash text primary key not null,
  principal_id text not null references principals (id) on delete cascade,
  sign_in_id text not null references sign_ins (id) on delete cascade,
  address text not null,
  expires_at text not null,
  completed_at text
) strict;
create index step_up_links_expires_at on step_up_links (expires_at);
