-- Only the newest requests of a destination stay, failures and others apart: a flood of one leaves the other.
--
-- tables: tidegate.requests
-- params: $destination, $newest

delete from tidegate.requests
where
    destination = $destination
    and rowid not in (
        select kept.rowid
        from tidegate.requests as kept
        where kept.destination = $destination
        qualify row_number() over (partition by kept.failed order by kept.made_at desc, kept.rowid desc) <= $newest
    )
