-- Nothing of this audience moves.
--
-- tables: changes
-- params: $audience

delete from changes
where changes.audience = $audience
