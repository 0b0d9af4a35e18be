-- Rows that were only created may be another's, who was there before: of what a list holds of people no more is
-- known than that they are there, and everybody is told again.
--
-- tables: tidegate.delivered
-- params: $destination, $list

update tidegate.delivered
set fingerprint = 0, traits = '{}'
where delivered.destination = $destination and delivered.list = $list
