-- Whoever left a segment since the last run. They have no row in it any more: `entry` is how long they were there.
--
-- tables: changes, tidegate.stays, found
-- params: $journey, $as_of, $disposition

insert into found
select
    concat_ws(':', 'exit', stays.person, stays.stay) as occurrence_id,
    stays.person,
    $as_of as occurred_at,
    null as matched_at,
    cast(json_object('entered_at', stays.entered_at, 'left_at', cast($as_of as timestamptz)) as varchar) as context,
    $disposition as disposition,
    null as said
from tidegate.stays
inner join changes on stays.person = changes.person and stays.stay = changes.stay
where
    stays.audience = $journey
    and stays.left_at is null
    and changes.audience = $journey
    and changes.change = 'leave'
