-- Why people are there, for when they are recorded.
--
-- tables: entry_cause
-- params: $cause

insert into entry_cause values ($cause)
