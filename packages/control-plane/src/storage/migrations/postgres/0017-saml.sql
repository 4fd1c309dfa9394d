-- Assertions that were used, so that none is used twice.

create table saml_assertions (
  provider text collate "C" not null,
  id_hash text collate "C" not null,
  until text collate "C" not null,
  primary key (provider, id_hash)
);
create index saml_assertions_until on saml_assertions (until);
