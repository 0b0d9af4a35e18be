-- What becomes of a list that no audience owns.
--
-- tables: tidegate.lists
-- params: $destination, $list, $on_delete

update tidegate.lists
set on_delete = $on_delete
where lists.destination = $destination and lists.list = $list
