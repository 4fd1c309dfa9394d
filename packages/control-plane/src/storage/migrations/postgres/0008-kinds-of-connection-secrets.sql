alter table resources add column secrets text collate "C";
alter table signing_keys add column certificate text collate "C";

-- Keys are empty for what is no password.
alter table connection_secrets add column kind text collate "C" not null default 'password';
alter table connection_secrets add column fingerprint text collate "C";
alter table connection_secrets add column client_address text collate "C";
create index connection_secrets_client_address on connection_secrets (client_address);
