-- Channels that people are told by, and what is to be told: a row stays until it was sent or its time is over.

create table notification_channels (
  id text primary key not null,
  name text not null,
  settings text not null,
  created_at text not null
) strict;
create unique index notification_channels_name on notification_channels (name);

create table notifications (
  id text primary key not null,
  channel_id text not null references notification_channels (id) on delete cascade,
  event text not null,
  ref_id text not null,
  recipient_id text,
  address text,
  message text not null,
  state text not null,
  attempts integer not null,
  next_at text not null,
  leased_until text,
  expires_at text not null,
  created_at text not null,
  sent_at text,
  last_error text,
  opened_at text
) strict;
create index notifications_due on notifications (state, next_at);
create index notifications_channel on notifications (channel_id, created_at);
