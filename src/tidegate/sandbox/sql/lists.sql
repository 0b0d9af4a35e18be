-- name: add
insert into lists (id, connector, account, name, details, created_at)
values (:id, :connector, :account, :name, :details, :now);

-- name: update
update lists set name = coalesce(:name, name), details = json_patch(details, :details) where id = :id;

-- name: delete
delete from lists where id = :id;

-- name: one
select
    lists.id, lists.connector, lists.account, lists.name, lists.details, lists.created_at,
    (select count(*) from members where members.list = lists.id) as members
from lists
where lists.id = :id;

-- name: all
select
    lists.id, lists.connector, lists.account, lists.name, lists.details, lists.created_at,
    (select count(*) from members where members.list = lists.id) as members,
    (select max(changes.day) from changes where changes.list = lists.id) as last_change
from lists
order by lists.connector, lists.account, lists.name, lists.id;

-- name: of_account
-- An account's lists, oldest first, after the one with rowid :after.
select lists.rowid as position, lists.id, lists.name, lists.details, lists.created_at,
    (select count(*) from members where members.list = lists.id) as members
from lists
where lists.account = :account and lists.rowid > :after
order by lists.rowid
limit :count;

-- name: holding
-- Members of a list who are known by this identifier, with all that they are known by.
select members.id, members.identifiers
from identifiers
inner join members on identifiers.member = members.id
where identifiers.list = :list and identifiers.kind = :kind and identifiers.value = :value;

-- name: add_member
insert into members (list, identifiers, day, received_at)
values (:list, :identifiers, substr(coalesce((select at from clock), :now), 1, 10), :now);

-- name: update_member
update members set identifiers = :identifiers where id = :member;

-- name: remove_member
delete from members where id = :member;

-- name: add_identifier
insert or ignore into identifiers (list, kind, value, member) values (:list, :kind, :value, :member);

-- name: forget_identifiers
delete from identifiers where member = :member;

-- name: add_change
insert into changes (list, operation, identifiers, day, received_at)
values (:list, :operation, :identifiers, substr(coalesce((select at from clock), :now), 1, 10), :now);

-- name: members
select members.id, members.identifiers, members.day, members.received_at
from members
where members.list = :list and members.id < :before
order by members.id desc
limit :count;

-- name: members_found
-- Members with an identifier that begins like :prefix, or that belongs to the person :person
-- (given by name, or by another of their addresses).
select members.id, members.identifiers, members.day, members.received_at
from members
where
    members.list = :list
    and members.id < :before
    and members.id in (
        select identifiers.member
        from identifiers
        where identifiers.list = :list and identifiers.value like :prefix escape '\'
        union
        select identifiers.member
        from labels
        inner join identifiers on labels.identifier = identifiers.value
        where
            identifiers.list = :list
            and labels.person in (
                select :person
                union
                select named.person from labels as named where named.identifier = :person
            )
    )
order by members.id desc
limit :count;

-- name: whose
-- The person behind a list's members on a page, with a readable address where one is known.
select
    identifiers.member,
    labels.person,
    (
        select other.identifier
        from labels as other
        where other.person = labels.person and (other.identifier like '%@%' or other.identifier like '+%')
        order by other.identifier like '%@%' desc, other.identifier
        limit 1
    ) as address
from identifiers
inner join labels on identifiers.value = labels.identifier
where identifiers.member between :first and :last and identifiers.list = :list
group by identifiers.member;

-- name: whose_of
-- The person behind identifiers, given as a JSON list.
select
    labels.person,
    (
        select other.identifier
        from labels as other
        where other.person = labels.person and (other.identifier like '%@%' or other.identifier like '+%')
        order by other.identifier like '%@%' desc, other.identifier
        limit 1
    ) as address
from json_each(:identifiers) as given
inner join labels on given.value = labels.identifier
limit 1;

-- name: days
select day, operation, count(*) as changes
from changes
where list = :list
group by day, operation
order by day, operation;

-- name: changes_of_day
select id, operation, identifiers, day, received_at
from changes
where list = :list and day = :day and id < :before
order by id desc
limit :count;

-- name: of_person
-- The lists that hold a person.
select lists.id, lists.name, lists.connector, min(members.day) as day
from labels
inner join identifiers on labels.identifier = identifiers.value
inner join members on identifiers.member = members.id
inner join lists on members.list = lists.id
where labels.person = :person
group by lists.id, lists.name, lists.connector
order by lists.name;

-- name: add_changed
insert or ignore into changed (value, change) values (:value, :change);

-- name: changes_of_person
-- When a person was put on lists and taken off them, newest first.
select distinct changes.id, changes.operation, changes.day, lists.id as list, lists.name
from labels
inner join changed on labels.identifier = changed.value
inner join changes on changed.change = changes.id
inner join lists on changes.list = lists.id
where labels.person = :person
order by changes.id desc
limit :count;

-- name: of_connector
select id, name from lists where connector = :connector order by rowid;

-- name: everybody
select identifiers from members where list = :list order by id;
