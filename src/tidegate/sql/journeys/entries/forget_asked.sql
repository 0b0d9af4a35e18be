-- For the next question.
--
-- tables: asked

delete from asked
