-- Of those who may enter repeatedly in this run: whoever would come too soon after the one before who does.
--
-- tables: candidates
-- params: $every

update candidates
set disposition = 'too_soon'
where
    candidates.disposition is null
    and candidates.candidate not in (
        with recursive

        welcome as (

            select
                candidates.candidate,
                candidates.person,
                candidates.entry_key,
                candidates.occurred_at
            from candidates
            where candidates.disposition is null

        ),

        nexts as (

            select
                welcome.candidate,
                min(later.candidate) as next_candidate
            from welcome
            inner join welcome as later
                on
                    welcome.person = later.person
                    and welcome.entry_key = later.entry_key
                    and later.occurred_at >= welcome.occurred_at + cast($every as interval)
            group by welcome.candidate

        ),

        entering as (

            select min(welcome.candidate) as candidate
            from welcome
            group by welcome.person, welcome.entry_key

            union all

            select nexts.next_candidate as candidate
            from entering
            inner join nexts on entering.candidate = nexts.candidate

        )

        select entering.candidate
        from entering
    )
