-- Rows that were not accepted stay owed: a refused one is tried again after 1, 2, 4 and then every 7 days,
-- the others at the next run. A row that the platform judges later waits for that. A row that may have been
-- done is in doubt until it is accepted. Rows that are to be sent again by themselves stay so until they are judged.
--
-- tables: tidegate.owed, settling_rows (of this transaction)
-- params: $as_of

update tidegate.owed
set
    state = case settling_rows.verdict
        when 'rejected' then 'refused'
        when 'pending' then 'submitted'
        else 'due'
    end,
    job = case
        when settling_rows.verdict in ('retry', 'unknown') then coalesce(settling_rows.job, owed.job)
        else settling_rows.job
    end,
    job_position = settling_rows.position,
    submitted_at = case when settling_rows.verdict = 'pending' then now() end,
    in_doubt = owed.in_doubt or settling_rows.doubted or settling_rows.verdict = 'unknown',
    reason = case when settling_rows.reason = 'not_started' then owed.reason else nullif(settling_rows.reason, '') end,
    detail = case when settling_rows.reason = 'not_started' then owed.detail else nullif(settling_rows.detail, '') end,
    attempts = owed.attempts + case when settling_rows.reason = 'not_started' then 0 else 1 end,
    next_try = case
        when settling_rows.verdict = 'rejected'
            then
                cast($as_of as timestamptz)
                + least(power(2, least(owed.attempts, 10)), 7) * interval '24 hours'
        when settling_rows.reason = 'not_started' then owed.next_try
        else cast($as_of as timestamptz) + coalesce(settling_rows.after, 0) * interval '1 second'
    end
from settling_rows
where
    settling_rows.verdict <> 'accepted'
    and owed.rowid = settling_rows.owed_row
