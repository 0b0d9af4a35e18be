-- Of these events, those that never happened, and what happened instead.
--
-- tables: happened (name)
-- params: $names

select
    list_filter($names, name -> not list_contains(coalesce(list(distinct happened.name), []), name)) as unheard,
    coalesce(list(distinct happened.name), []) as heard
from happened
