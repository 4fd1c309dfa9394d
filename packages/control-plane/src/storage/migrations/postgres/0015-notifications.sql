-- Channels that people are told by, and what is to be told: a row stays until it was sent or its time is over.

create table notification_channels (
  id text collate "C" primary key,
  name text collate "C" not null,
  settings text collate "C" not null,
  created_at text collate "C" not null
);
create unique index notification_channels_name on notification_channels (name);

create table notifications (
  id text collate "C" primary key,
  channel_id text collate "C" not null references notification_channels (id) on delete cascade,
  event text collate "C" not null,
  ref_id text collate "C" not null,
  recipient_id text collate "C",
  address text collate "C",
  message text collate "C" not null,
  state text collate "C" not null,
  attempts integer not null,
  next_at text collate "C" not null,
  leased_until text collate "C",
  expires_at text collate "C" not null,
  created_at text collate "C" not null,
  sent_at text collate "C",
  last_error text collate "C",
  opened_at text collate "C"
);
create index notifications_due on notifications (state, next_at);
create index notifications_channel on notifications (channel_id, created_at);
