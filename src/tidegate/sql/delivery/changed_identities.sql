-- People whom a list has taken under other identifiers than before.
--
-- tables: settling_rows, tidegate.delivered

select
    delivered.destination,
    delivered.list,
    delivered.person,
    delivered.identifiers as before,
    settling_rows.identifiers as now
from settling_rows
inner join tidegate.delivered
    on
        settling_rows.destination = delivered.destination
        and settling_rows.list = delivered.list
        and settling_rows.person = delivered.person
where
    settling_rows.verdict = 'accepted'
    and settling_rows.operation in ('add', 'update')
    and settling_rows.mode = 'list'
    and settling_rows.keyed_by = 'identifiers'
    and settling_rows.identity <> delivered.identity
