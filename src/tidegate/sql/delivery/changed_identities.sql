-- People whom a list has taken under other identifiers than before.
--
-- tables: replaced_rows (of this transaction), tidegate.delivered, tidegate.owed

select
    delivered.destination,
    delivered.list,
    delivered.person,
    delivered.identifiers as before,
    owed.identifiers as now
from replaced_rows
inner join tidegate.delivered on replaced_rows.delivered_row = delivered.rowid
inner join tidegate.owed on replaced_rows.owed_row = owed.rowid
where replaced_rows.changed
