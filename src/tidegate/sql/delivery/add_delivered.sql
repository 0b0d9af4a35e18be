-- What a destination holds from now on.
--
-- tables: tidegate.delivered, settling_rows
-- params: $run_id, $as_of

insert into tidegate.delivered (
    destination, list, person, identity, identifiers, traits, fingerprint, accepted_at, run_id
)
select
    settling_rows.destination,
    settling_rows.list,
    settling_rows.person,
    settling_rows.identity,
    settling_rows.identifiers,
    settling_rows.traits,
    coalesce(settling_rows.fingerprint, 0),
    $as_of,
    $run_id
from settling_rows
where settling_rows.verdict = 'accepted' and settling_rows.operation in ('add', 'update')
