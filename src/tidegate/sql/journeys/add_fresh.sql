-- People who did something since.
--
-- tables: happened (person, occurred_at), fresh
-- params: $after, $until

insert into fresh
select distinct happened.person
from happened
where
    happened.occurred_at > $after
    and happened.occurred_at <= $until
    and happened.person is not null
