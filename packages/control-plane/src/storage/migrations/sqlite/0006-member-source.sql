-- Who put a principal into a group (`local`, or an identity provider), and which provider suspended it.

create table group_members_by_source (
  group_id text not null references groups (id) on delete cascade,
  principal_id text not null references principals (id) on delete cascade,
  source text not null default 'local',
  primary key (group_id, principal_id, source)
) strict;
insert into group_members_by_source (group_id, principal_id, source)
select group_id, principal_id, 'local' from group_members;
drop table group_members;
alter table group_members_by_source rename to group_members;
create index group_members_principal_id on group_members (principal_id);

alter table principals add column suspended_by text;
