-- Runs that ended without a word: whoever holds the lock knows that they are over.
--
-- tables: tidegate.runs

update tidegate.runs
set status = 'abandoned'
where runs.status in ('started', 'decided')
