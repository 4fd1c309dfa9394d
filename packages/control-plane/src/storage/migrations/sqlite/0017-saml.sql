-- Assertions that were used, so that none is used twice.

create table saml_assertions (
  provider text not null,
  id_hash text not null,
  until text not null,
  primary key (provider, id_hash)
) strict;
create index saml_assertions_until on saml_assertions (until);
