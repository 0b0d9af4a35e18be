-- People who were taken off by identifiers that they gave up, where a platform finds its own profiles by these: they
-- are off by the ones that they have now, too, which were put there before.
--
-- tables: tidegate.delivered, tidegate.owed, settling_rows

create or replace temporary table found_again as
select distinct
    delivered.destination,
    delivered.list,
    delivered.person,
    delivered.identity,
    delivered.identifiers,
    delivered.traits,
    delivered.fingerprint
from settling_rows
inner join tidegate.delivered
    on
        settling_rows.destination = delivered.destination
        and settling_rows.list = delivered.list
        and settling_rows.person = delivered.person
where
    settling_rows.verdict = 'accepted'
    and settling_rows.operation = 'remove'
    and settling_rows.keyed_by = 'profile'
    and not exists (
        select 1
        from tidegate.owed
        where
            owed.destination = delivered.destination
            and owed.list = delivered.list
            and owed.person = delivered.person
            and (owed.operation <> 'remove' or owed.identity = delivered.identity)
    )
