-- The counts that tell whether a segment's keys are whole. With unique keys, whoever did not enter was
-- held, and whoever was held and did not leave is still there: rows - entered = held - left.
--
-- tables: entry (person), tidegate.stays, changes
-- params: $audience

select
    (select count(*) from entry) as entries,
    (
        select count(*)
        from tidegate.stays
        where stays.audience = $audience and stays.left_at is null
    ) as held,
    count(*) filter (where changes.change = 'enter') as entered,
    count(distinct changes.person) filter (where changes.change = 'enter') as people_entered,
    count(*) filter (where changes.change = 'leave') as people_left,
    count(*) filter (where changes.person is null or trim(changes.person) = '') as without_person
from changes
where changes.audience = $audience
