-- name: set_clock
insert into clock (one, at, set_at) values (1, :at, :now)
on conflict (one) do update set at = excluded.at, set_at = excluded.set_at;

-- name: clock
select at from clock;

-- name: label
insert into labels (identifier, person) values (:identifier, :person)
on conflict (identifier) do update set person = excluded.person;

-- name: trace
insert into origins (provider_id, origin) values (:provider_id, :origin)
on conflict (provider_id) do update set origin = excluded.origin;

-- name: origins
select provider_id, origin from origins order by provider_id;

-- name: people
-- Who is known by a name that begins like this, and how many addresses of theirs are known.
select person, count(*) as identifiers
from labels
where person like :prefix escape '\'
group by person
order by length(person), person
limit :count;

-- name: identifiers_of_person
select identifier from labels where person = :person order by length(identifier), identifier;

-- name: add_call
insert into calls (connector, operation, status, offered, accepted, fault, clock_at, received_at)
values (
    :connector, :operation, :status, :offered, :accepted, :fault,
    coalesce((select at from clock), :now), :now
);

-- name: calls
select id, connector, operation, status, offered, accepted, fault, clock_at, received_at
from calls
where id > :after and (:connector is null or connector = :connector)
order by id
limit :count;

-- name: count_calls
select connector, operation, status, count(*) as calls, sum(offered) as offered, sum(accepted) as accepted
from calls
group by connector, operation, status
order by connector, operation, status;

-- name: totals
select
    (select count(*) from messages) as messages,
    (select max(id) from messages) as newest,
    (select count(*) from lists) as lists,
    (select count(*) from records where kind not like '\_%' escape '\') as records,
    (select count(*) from webhooks) as webhooks,
    (select count(*) from faults) as faults,
    (select at from clock) as clock;
