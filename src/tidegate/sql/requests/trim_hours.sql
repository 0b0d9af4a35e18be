-- Counts by the hour are kept for some days.
--
-- tables: tidegate.requests_by_hour
-- params: $destination, $days

delete from tidegate.requests_by_hour
where destination = $destination and hour < now() - to_days($days)
