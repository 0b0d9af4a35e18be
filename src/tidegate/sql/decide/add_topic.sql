-- Whether a message asks for consent.
--
-- tables: topics
-- params: $1 the message, $2 whether it is transactional

insert into topics values ($1, $2)
