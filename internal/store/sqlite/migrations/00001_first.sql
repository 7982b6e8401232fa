-- +goose Up
-- Times are Unix ms unless said otherwise, flags are 0 or 1, documents are JSON.
-- A sum is keyed and covers the columns that decide, except sweep_at.

-- The root key of this store, sealed under the master key.
create table store_key (
    id     integer primary key check (id = 1),
    sealed blob not null
) strict;

create table config_state (
    id      integer primary key check (id = 1),
    version integer not null
) strict;
insert into config_state (id, version) values (1, 0);

create table heartbeat (
    id integer primary key check (id = 1),
    at integer not null
) strict;
insert into heartbeat (id, at) values (1, 0);

create table realm (
    id   text not null primary key,
    name text not null unique,
    doc  text not null,
    sum  integer not null
) strict;

create table client (
    id        text not null primary key,
    realm_id  text not null references realm (id),
    client_id text not null,
    doc       text not null,
    sum       integer not null,
    unique (realm_id, client_id)
) strict;

create table signing_key (
    id       text not null primary key,
    realm_id text not null references realm (id),
    kid      text not null,
    doc      text not null,
    sum      integer not null,
    unique (realm_id, kid)
) strict;

-- enabled, epoch and the password (pw_) change; doc holds the rest.
create table users (
    id            text not null primary key,
    realm_id      text not null references realm (id),
    username      text not null,
    email         text not null,
    enabled       integer not null,
    epoch         integer not null,
    doc           text not null,
    sum           integer not null,
    pw_id         text,
    pw_label      text,
    pw_created_at integer,
    pw_secret     text,
    pw_data       text,
    pw_sum        integer not null,
    unique (realm_id, username)
) strict;
create index users_by_email on users (realm_id, email) where email <> '';
create index users_by_realm on users (realm_id, id);

-- sweep_at is when a sweeper looks at the row; dead_at, which refreshing
-- moves, is when it may delete it.
create table user_session (
    id           text not null primary key,
    realm_id     text not null,
    user_id      text not null,
    started_at   integer not null,
    last_refresh integer not null,
    remember_me  integer not null,
    offline      integer not null,
    address      text not null,
    method       text not null,
    dead_at      integer not null,
    sweep_at     integer not null,
    sum          integer not null,
    touch_sum    integer not null -- of last_refresh and dead_at
) strict;
create index user_session_by_user on user_session (realm_id, user_id, id);
create index user_session_by_sweep on user_session (sweep_at);

create table client_session (
    session_id text not null,
    client_id  text not null,
    started_at integer not null,
    family_id  text not null default '', -- of the newest family; for lists alone
    sum        integer not null,
    primary key (session_id, client_id)
) strict, without rowid;
create index client_session_by_client on client_session (client_id);

create table token_family (
    id            text not null primary key,
    realm_id      text not null,
    session_id    text not null,
    client_id     text not null,
    user_id       text not null,
    scope         text not null,
    rotating      integer not null,
    window_ms     integer not null,
    max_reuse     integer not null,
    recovery      text not null,
    rev           integer not null,
    gen           integer not null,
    salt          blob not null,
    key_id        text not null,
    issued_at     integer not null, -- Unix s
    expires_at    integer not null, -- Unix s
    parent_jti    text not null,
    ring          text not null,
    superseded    integer not null,
    reused        integer not null,
    confirmed     integer not null,
    revoked_at    integer not null,
    revoke_reason text not null,
    dead_at       integer not null,
    sweep_at      integer not null,
    sum           integer not null,
    touch_sum     integer not null -- of dead_at
) strict;
create index token_family_by_sweep on token_family (sweep_at);

-- The key is bytes: it may come from a name that is no text.
create table login_failure (
    realm_id     text not null,
    name_key     blob not null,
    failures     integer not null,
    last_at      integer not null,
    wait_until   integer not null,
    lockouts     integer not null,
    locked       integer not null,
    last_tag     blob,
    reservations text not null,
    rev          integer not null,
    sweep_at     integer not null,
    sum          integer not null,
    primary key (realm_id, name_key)
) strict, without rowid;
create index login_failure_by_sweep on login_failure (sweep_at);

create table revocation (
    seq           integer primary key autoincrement,
    realm_id      text not null,
    kind          text not null,
    entity_id     text not null,
    issued_before integer not null, -- Unix s
    until_at      integer not null,
    sum           integer not null
) strict;
create index revocation_by_entity on revocation (entity_id);
create index revocation_by_until on revocation (until_at);

create table event (
    seq        integer primary key autoincrement,
    id         text not null,
    at         integer not null,
    realm_id   text not null,
    type       text not null,
    client_id  text not null,
    user_id    text not null,
    session_id text not null,
    address    text not null,
    error      text not null,
    details    text not null
) strict;
create index event_by_time on event (at);
create index event_by_user on event (user_id) where user_id <> '';
create index event_by_error on event (id) where error <> '';

-- The batches of sealed events, and where the chain of seals begins and ends.
create table event_seal (
    to_row   integer primary key, -- event.seq
    from_row integer not null,
    at       integer not null,
    count    integer not null,
    mac      blob not null
) strict;

create table event_chain (
    id          integer primary key check (id = 1),
    base_row    integer not null,
    base_mac    blob not null,
    head_row    integer not null,
    head_mac    blob not null,
    first_point integer not null, -- event_checkpoint.number
    last_point  integer not null,
    mac         blob not null
) strict;

create table event_checkpoint (
    number    integer primary key,
    row       integer not null, -- event.seq
    at        integer not null,
    doc       text not null,
    signature blob not null
) strict;

-- Ids of deleted users, which are never given again.
create table deleted_user (
    id       text not null primary key,
    realm_id text not null,
    at       integer not null
) strict;

-- Users of an import that was not committed yet, and their memberships: rows of
-- users and vm_member in the making. prev is the stored document on which the
-- change of an existing user was decided.
create table import_user (
    seq           integer primary key,
    batch         text not null,
    at            integer not null,
    id            text not null,
    realm_id      text not null,
    username      text not null,
    email         text not null,
    enabled       integer not null,
    epoch         integer not null,
    doc           text not null,
    sum           integer not null,
    pw_id         text,
    pw_label      text,
    pw_created_at integer,
    pw_secret     text,
    pw_data       text,
    pw_sum        integer not null,
    pw_change     integer not null,
    prev          text
) strict;
create index import_user_by_batch on import_user (batch, seq);

create table import_member (
    batch    text not null,
    user_id  text not null,
    realm_id text not null,
    vm_id    integer not null,
    sum      integer not null
) strict;
create index import_member_by_batch on import_member (batch);

create table video_manager (
    realm_id      text not null references realm (id),
    id            integer not null,
    name          text not null,
    uuid          text not null,
    configuration text not null,
    sum           integer not null,
    primary key (realm_id, id),
    unique (realm_id, uuid)
) strict;

create table vm_member (
    user_id  text not null references users (id),
    realm_id text not null,
    vm_id    integer not null,
    sum      integer not null,
    primary key (user_id, realm_id, vm_id),
    foreign key (realm_id, vm_id) references video_manager (realm_id, id)
) strict, without rowid;
create index vm_member_by_manager on vm_member (realm_id, vm_id);

pragma application_id = 1431521362; -- "USHR"
pragma user_version = 1;
