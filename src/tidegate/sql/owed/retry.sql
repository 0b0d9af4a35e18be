-- Rows that were refused, or wait for a later time, are due at once. Null parameters choose all.
--
-- tables: tidegate.owed
-- params: $destination, $list, $reason, $person

update tidegate.owed
set state = 'due', next_try = least(owed.next_try, timestamptz '1970-01-01 00:00:00+00')
where
    owed.destination = $destination
    and owed.state in ('due', 'refused')
    and owed.reason is distinct from 'no_identifier'
    and ($list is null or owed.list = $list)
    and ($reason is null or owed.reason = $reason)
    and ($person is null or owed.person = $person)
