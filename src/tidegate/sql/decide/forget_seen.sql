-- Nothing of this audience's trigger counts as seen.
--
-- tables: seen
-- params: $audience

delete from seen
where seen.audience = $audience
