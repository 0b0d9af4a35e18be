-- Who did it, each in a window of time of their own: after `after`, up to `until`. The few who did are the side that is
-- hashed, the many who are asked pass by it.
--
-- tables: asked (instance, person, after, until), happened (person, occurred_at)
-- params: none

select asked.instance
from asked
semi join happened
    on
        asked.person = happened.person
        and asked.after < happened.occurred_at
        and asked.until >= happened.occurred_at
