-- What was taken away is gone for everybody who was known there by the same first identifier: whoever
-- of them is wanted there is put there again.
--
-- tables: tidegate.delivered, tidegate.owed, settling_rows (of this transaction)

delete from tidegate.delivered
using (
    select
        owed.destination,
        owed.list,
        rtrim(split_part(owed.identifiers, '","', 1), '"}') as known_by
    from settling_rows
    inner join tidegate.owed on settling_rows.owed_row = owed.rowid
    where
        settling_rows.verdict = 'accepted'
        and settling_rows.operation = 'remove'
        and settling_rows.keyed_by <> 'person'
) as gone
where
    delivered.destination = gone.destination
    and delivered.list = gone.list
    and rtrim(split_part(delivered.identifiers, '","', 1), '"}') = gone.known_by
