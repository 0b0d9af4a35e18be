-- What was known of the accepted rows: replaced where they were put there, gone where they were taken away.
--
-- tables: tidegate.delivered, settling_rows

delete from tidegate.delivered
using settling_rows
where
    settling_rows.verdict = 'accepted'
    and delivered.destination = settling_rows.destination
    and delivered.list = settling_rows.list
    and delivered.person = settling_rows.person
    and (settling_rows.operation in ('add', 'update') or delivered.identity = settling_rows.identity)
