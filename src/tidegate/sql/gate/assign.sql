-- An arm for everybody who meets a holdout for the first time: the share of people held out is that of their hashes.
-- The same person gets the same arm in any engine, at any time; what is stored stays, whatever the share becomes.
--
-- tables: verdicts, holdouts (experiment, source, salt, share), tidegate.assignments
-- params: $as_of, $run_id, $telling

insert into tidegate.assignments (experiment, person, arm, assigned_at, run_id)
with

exposed as (

    select distinct
        holdouts.experiment,
        verdicts.person,
        holdouts.salt,
        holdouts.share
    from verdicts
    inner join holdouts on holdouts.source is null or verdicts.source = holdouts.source
    where
        verdicts.verdict = 'send'
        and not verdicts.transactional
        and list_contains($telling, verdicts.channel)

)

select
    exposed.experiment,
    exposed.person,
    case
        when
            cast('0x' || left(md5(exposed.salt || ':' || exposed.person), 8) as ubigint) < exposed.share * 4294967296
            then 'held_out'
        else 'treated'
    end as arm,
    $as_of,
    $run_id
from exposed
left join tidegate.assignments
    on exposed.experiment = assignments.experiment and exposed.person = assignments.person
where assignments.person is null
