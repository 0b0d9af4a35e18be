-- Whether a message asks for consent.
--
-- tables: topics

insert into topics values ($1, $2)
