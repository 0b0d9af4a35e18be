-- What a message is about, and whether it asks for consent.
--
-- tables: topics
-- params: $1 the message, $2 its topic, $3 whether it is transactional

insert into topics values ($1, $2, $3)
