-- Whom a list holds stays on it, and is no longer ours to keep equal.
--
-- tables: tidegate.delivered
-- params: $destination, $list

delete from tidegate.delivered
where delivered.destination = $destination and delivered.list = $list
