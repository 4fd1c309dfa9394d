-- Who put a principal into a group (`local`, or an identity provider), and which provider suspended it.

alter table group_members add column source text collate "C" not null default 'local';
alter table group_members drop constraint group_members_pkey;
alter table group_members add primary key (group_id, principal_id, source);

alter table principals add column suspended_by text collate "C";
