-- Whether a list holds anybody, or is owed anything.
--
-- tables: tidegate.delivered, tidegate.owed
-- params: $destination, $list

select
    exists (
        select 1
        from tidegate.delivered
        where delivered.destination = $destination and delivered.list = $list
    )
    or exists (
        select 1
        from tidegate.owed
        where owed.destination = $destination and owed.list = $list
    )
