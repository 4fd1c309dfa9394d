alter table resources add column secrets text;
alter table signing_keys add column certificate text;

-- Keys are empty for what is no password.
alter table connection_secrets add column kind text not null default 'password';
alter table connection_secrets add column fingerprint text;
alter table connection_secrets add column client_address text;
create index connection_secrets_client_address on connection_secrets (client_address);
