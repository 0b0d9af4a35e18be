-- Everybody who is in a segment when a schedule fires. Whoever must have left it before they may come again is looked
-- at with their stay ($matched_at is for those who came in this very run).
--
-- tables: entry (person, context), tidegate.stays, found
-- params: $journey, $firing, $named, $matched_at, $disposition

insert into found
with

staying as (

    select
        stays.person,
        stays.entered_at
    from tidegate.stays
    where stays.audience = $journey and stays.left_at is null

)

select
    concat_ws(':', 'schedule', entry.person, $named) as occurrence_id,
    entry.person,
    $firing as occurred_at,
    coalesce(staying.entered_at, $matched_at) as matched_at,
    entry.context,
    $disposition as disposition,
    null as said
from entry
left join staying on entry.person = staying.person
