-- What was known of the accepted rows.
--
-- tables: tidegate.delivered, replaced_rows (of this transaction: the numbers of rows may change with the next)

delete from tidegate.delivered
where delivered.rowid in (select replaced_rows.delivered_row from replaced_rows)
