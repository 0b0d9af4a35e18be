-- How many requests each destination got in the last 24 hours (by whole hours), and how many failed.
--
-- tables: tidegate.requests_by_hour
-- params: $destination (null: any), $since

select
    destination,
    sum(requests)::bigint as requests,
    sum(failed)::bigint as failed
from tidegate.requests_by_hour
where
    ($destination::varchar is null or destination = $destination)
    and hour > $since::timestamptz
group by destination
order by destination
