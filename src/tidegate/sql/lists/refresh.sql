-- New fingerprints for rows that the destination holds to the letter.
--
-- tables: tidegate.delivered, planned_rows
-- params: $destination, $list

update tidegate.delivered
set fingerprint = planned_rows.fingerprint
from planned_rows
where
    planned_rows.destination = $destination
    and planned_rows.list = $list
    and planned_rows.operation = 'refresh'
    and delivered.destination = $destination
    and delivered.list = $list
    and delivered.person = planned_rows.person
