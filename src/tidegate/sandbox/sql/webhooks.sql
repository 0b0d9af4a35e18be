-- name: add
insert into webhooks (destination, webhook_id, type, body, headers, clock_at, day, received_at)
values (
    :destination, :webhook_id, :type, :body, :headers,
    coalesce((select at from clock), :now),
    substr(coalesce((select at from clock), :now), 1, 10),
    :now
);

-- name: page
select
    webhooks.id, webhooks.destination, webhooks.webhook_id, webhooks.type, webhooks.body, webhooks.headers,
    webhooks.clock_at, webhooks.day, webhooks.received_at,
    (
        select count(*) from webhooks as earlier
        where earlier.webhook_id = webhooks.webhook_id and earlier.id < webhooks.id
    ) as repeats
from webhooks
where
    webhooks.id < :before
    and (:day is null or webhooks.day = :day)
    and (:text is null or instr(lower(webhooks.body), lower(:text)) > 0 or webhooks.webhook_id = :text)
order by webhooks.id desc
limit :count;

-- name: one
select id, destination, webhook_id, type, body, headers, clock_at, day, received_at
from webhooks
where id = :id;

-- name: days
select day, count(*) as webhooks from webhooks group by day order by day;
