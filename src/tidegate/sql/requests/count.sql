-- All requests, also those that are not kept, by the hour in which they were made.
--
-- tables: counted (registered), tidegate.requests_by_hour
-- params: $destination

merge into tidegate.requests_by_hour
using counted
    on requests_by_hour.destination = $destination and requests_by_hour.hour = counted.hour
when matched then
    update set
        requests = requests_by_hour.requests + counted.requests,
        failed = requests_by_hour.failed + counted.failed
when not matched then insert values ($destination, counted.hour, counted.requests, counted.failed)
