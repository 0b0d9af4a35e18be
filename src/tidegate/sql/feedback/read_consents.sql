-- Lines of consents as values, each with what is wrong with it (null: nothing).
--
-- tables: parsed_lines (line, unreadable, is_object, event)
-- params: $channels, $time

create or replace temp table read_events as
with

typed as (

    select
        line,
        unreadable,
        is_object,
        event,
        json_type(event, '$.consent_id') as consent_id_type,
        json_type(event, '$.given') as given_type,
        json_type(event, '$.happened_at') as happened_at_type,
        nullif(event ->> '$.consent_id', '') as consent_id,
        nullif(event ->> '$.person', '') as person,
        nullif(event ->> '$.channel', '') as channel,
        nullif(trim(event ->> '$.address'), '') as address,
        nullif(event ->> '$.topic', '') as topic,
        event ->> '$.given' as given,
        event ->> '$.source' as source,
        event ->> '$.wording' as wording,
        event ->> '$.happened_at' as happened_at,
        json_type(event, '$.person') in ('OBJECT', 'ARRAY', 'BOOLEAN')
        or json_type(event, '$.channel') in ('OBJECT', 'ARRAY', 'BOOLEAN')
        or json_type(event, '$.address') in ('OBJECT', 'ARRAY', 'BOOLEAN')
        or json_type(event, '$.topic') in ('OBJECT', 'ARRAY', 'BOOLEAN')
        or json_type(event, '$.source') in ('OBJECT', 'ARRAY', 'BOOLEAN')
        or json_type(event, '$.wording') in ('OBJECT', 'ARRAY', 'BOOLEAN') as nested
    from parsed_lines

)

select
    line,
    consent_id as event_id,
    person,
    channel,
    address,
    topic,
    case given when 'true' then true when 'false' then false end as given,
    source,
    wording,
    case when regexp_matches(happened_at, $time) then try_cast(happened_at as timestamptz) end as happened_at,
    nullif(
        case
            when unreadable is not null then unreadable
            when is_object is null then 'is not JSON'
            when not is_object then 'is not a JSON object, {...}'
            else
                concat_ws(
                    '; ',
                    case
                        when consent_id_type is null or consent_id_type = 'NULL' or consent_id is null
                            then '`consent_id` is missing'
                        when consent_id_type in ('OBJECT', 'ARRAY', 'BOOLEAN') then '`consent_id` is not a text'
                    end,
                    case
                        when given_type is null or given_type = 'NULL' then '`given` is missing'
                        when given_type <> 'BOOLEAN' then '`given` is neither true nor false'
                    end,
                    case
                        when happened_at_type is null or happened_at_type = 'NULL' then '`happened_at` is missing'
                        when
                            happened_at_type <> 'VARCHAR'
                            or not regexp_matches(happened_at, $time)
                            or try_cast(happened_at as timestamptz) is null
                            then '`happened_at` is not a time such as 2026-11-22T09:30:00Z'
                    end,
                    case
                        when channel is null then '`channel` is missing'
                        when not list_contains($channels, channel)
                            then '`channel` is none of ' || array_to_string($channels, ', ')
                    end,
                    case
                        when person is null and address is null
                            then 'names nobody: give `person`, or `channel` and `address`'
                    end,
                    case when nested then 'holds something else where there should be a text' end
                )
        end,
        ''
    ) as problem
from typed
