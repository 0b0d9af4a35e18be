-- People whose last recorded word on a channel, about every topic, is that they want none of it.
--
-- tables: tidegate.consents, list_withdrawals
-- params: $as_of

create or replace temp table list_withdrawals as
select
    consents.channel,
    consents.person,
    max(consents.happened_at) filter (where not consents.given) as withdrawn_at
from tidegate.consents
where consents.topic is null and consents.happened_at <= $as_of
group by consents.channel, consents.person
having
    max(consents.happened_at) filter (where not consents.given)
    >= coalesce(max(consents.happened_at) filter (where consents.given), timestamptz '-infinity')
