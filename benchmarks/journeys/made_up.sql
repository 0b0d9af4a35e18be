-- People who are all inside one journey, as they stand at `before`: four of ten at `settle`, three at `listen`, three at
-- `last`. What they did and were sent is there as the engine would have left it, but for `tidegate.steps`, which no
-- tick reads. Events lie in the order in which they happened, two for each person.
--
-- variables: people, before (the clock of the last run)

create or replace macro luck(number, salt) as (hash(number * 16 + salt) % 1000003) / 1000003.0;

create or replace macro day(days) as to_microseconds(cast(days * 86400000000 as bigint));

create table walks as
with

stood as (

    select
        number,
        'c' || number as person,
        case when number % 10 < 4 then 'settle' when number % 10 < 7 then 'listen' else 'last' end as step,
        luck(number, 0) as progress,
        luck(number, 1) < 0.3 as opens_intro,
        luck(number, 2) < 0.5 as tails
    from range(getvariable('people')) as numbers (number)

),

came as (

    select
        *,
        getvariable('before') - day((1 - progress) * case step when 'settle' then 3 when 'listen' then 4 else 5 end)
            as came_at
    from stood

)

select
    *,
    came_at + day(case step when 'settle' then 3 when 'listen' then 4 else 5 end) as deadline,
    came_at - day(case step when 'settle' then 0 when 'listen' then 3 else 7 end) as entered_at
from came;

create table people as
select
    person as customer_id,
    'customer' || number || '@example.com' as email,
    '+1202555' || lpad((number % 10000)::varchar, 4, '0') as phone
from walks;

create table events as
with

happened as (

    select number as event, person, 'signed_up' as name, entered_at as occurred_at from walks

    union all

    select
        getvariable('people') + number as event,
        person,
        case when luck(number, 3) < 0.02 then 'order_completed' else 'visited' end as name,
        case
            when luck(number, 3) < 0.01 then getvariable('before') + day(luck(number, 4))
            when luck(number, 3) < 0.02 then entered_at - day(1 + 30 * luck(number, 4))
            else getvariable('before') - day(30 * luck(number, 4) - 1)
        end as occurred_at
    from walks

)

select
    'e' || event as event_id,
    person as customer_id,
    name,
    occurred_at,
    cast(null as varchar) as properties
from happened
order by occurred_at;
