-- What a destination holds from now on.
--
-- tables: tidegate.delivered, tidegate.owed, settling_rows (of this transaction)
-- params: $run_id, $as_of

insert into tidegate.delivered (
    destination, list, person, identity, identifiers, traits, fingerprint, accepted_at, run_id
)
select
    owed.destination,
    owed.list,
    owed.person,
    owed.identity,
    owed.identifiers,
    owed.traits,
    coalesce(owed.fingerprint, 0),
    $as_of,
    $run_id
from settling_rows
inner join tidegate.owed on settling_rows.owed_row = owed.rowid
where settling_rows.verdict = 'accepted' and settling_rows.operation in ('add', 'update')
