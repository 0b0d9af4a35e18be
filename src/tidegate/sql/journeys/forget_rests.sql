-- What was said of those whose time begins anew does not hold any more.
--
-- tables: rests, renewing
-- params: $node

delete from rests
where rests.node = $node and rests.instance in (select renewing.instance from renewing)
