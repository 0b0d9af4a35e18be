-- Nobody is known to be on a list any more: the next run owes it everybody.
--
-- tables: tidegate.delivered
-- params: $destination, $list

delete from tidegate.delivered
where delivered.destination = $destination and delivered.list = $list
