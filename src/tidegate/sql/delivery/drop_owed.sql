-- Accepted rows are no longer owed.
--
-- tables: tidegate.owed, settling_rows (of this transaction: the numbers of rows may change with the next)

delete from tidegate.owed
using settling_rows
where
    settling_rows.verdict = 'accepted'
    and owed.rowid = settling_rows.owed_row
