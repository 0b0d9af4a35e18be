-- What was taken away is gone for everybody who was known there by the same first identifier: whoever
-- of them is wanted there is put there again.
--
-- tables: tidegate.delivered, settling_rows

delete from tidegate.delivered
using settling_rows
where
    settling_rows.verdict = 'accepted'
    and settling_rows.operation = 'remove'
    and settling_rows.keyed_by = 'identifiers'
    and delivered.destination = settling_rows.destination
    and delivered.list = settling_rows.list
    and rtrim(split_part(delivered.identifiers, '","', 1), '"}')
    = rtrim(split_part(settling_rows.identifiers, '","', 1), '"}')
