-- Identifiers that a person had, gave up and has again: what took them away must not happen any more.
--
-- tables: tidegate.owed, settling_rows

delete from tidegate.owed
using settling_rows
where
    settling_rows.verdict = 'accepted'
    and settling_rows.operation in ('add', 'update')
    and owed.operation in ('leave', 'remove')
    and owed.destination = settling_rows.destination
    and owed.list = settling_rows.list
    and owed.person = settling_rows.person
    and owed.identity = settling_rows.identity
