-- A stay for everyone who enters, numbered after the person's earlier stays.
--
-- tables: changes, tidegate.stays
-- params: $audience, $as_of, $run_id, $cause

insert into tidegate.stays (audience, person, stay, entered_at, entered_run, enter_cause)
with

entering as (

    select changes.person
    from changes
    where changes.audience = $audience and changes.change = 'enter'

),

earlier as (

    select
        stays.person,
        max(stays.stay) as stay
    from tidegate.stays
    where stays.audience = $audience and stays.person in (select entering.person from entering)
    group by stays.person

)

select
    $audience,
    entering.person,
    coalesce(earlier.stay, 0) + 1,
    $as_of,
    $run_id,
    $cause
from entering
left join earlier on entering.person = earlier.person
