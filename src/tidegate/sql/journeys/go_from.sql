-- Whoever went on does not rest here.
--
-- tables: arrived, rests
-- params: $node

delete from rests
where
    rests.node = $node
    and rests.instance in (
        select arrived.instance
        from arrived
        where arrived.came_from = $node
    )
