-- What is known of the accepted rows, and over once they are settled: replaced where they were put there, gone where
-- they were taken away.
--
-- tables: tidegate.delivered, settling_rows

create or replace temporary table replaced_rows as
select
    delivered.rowid as delivered_row,
    settling_rows.owed_row,
    settling_rows.operation in ('add', 'update')
    and settling_rows.mode = 'list'
    and settling_rows.keyed_by <> 'person'
    and settling_rows.identity <> delivered.identity as changed
from settling_rows
inner join tidegate.delivered
    on
        settling_rows.destination = delivered.destination
        and settling_rows.list = delivered.list
        and settling_rows.person = delivered.person
where
    settling_rows.verdict = 'accepted'
    and (settling_rows.operation in ('add', 'update') or settling_rows.identity = delivered.identity)
