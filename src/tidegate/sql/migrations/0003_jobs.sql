-- Rows that a platform judges later, how rows of an object are written, and what becomes of a list that no
-- audience owns any more.

alter table tidegate.owed add column job varchar;               -- of rows that are `submitted`
alter table tidegate.owed add column job_position bigint;       -- among the rows of its job
alter table tidegate.owed add column submitted_at timestamptz;  -- wall clock

alter table tidegate.lists add column write varchar default 'upsert';  -- upsert, create, update
-- keep, remove, remove_now (a person released it); null is to be asked
alter table tidegate.lists add column on_delete varchar;
