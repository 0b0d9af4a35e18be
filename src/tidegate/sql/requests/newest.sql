-- The newest requests, oldest first.
--
-- tables: tidegate.requests
-- params: $destination (null: any), $failed (true: failures alone), $last

with

newest as (

    select
        destination,
        run_id,
        made_at,
        method,
        path,
        status,
        seconds,
        rows,
        failed,
        said,
        limits,
        times
    from tidegate.requests
    where
        ($destination::varchar is null or destination = $destination)
        and (failed or not $failed::boolean)
    order by made_at desc, rowid desc
    limit $last

)

select * from newest
order by made_at
