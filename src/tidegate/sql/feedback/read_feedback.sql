-- Lines of feedback as values, each with what is wrong with it (null: nothing).
--
-- tables: parsed_lines (line, unreadable, is_object, event)
-- params: $channels, $kinds, $time

create or replace temp table read_events as
with

typed as (

    select
        line,
        unreadable,
        is_object,
        event,
        json_type(event, '$.event_id') as event_id_type,
        json_type(event, '$.kind') as kind_type,
        json_type(event, '$.happened_at') as happened_at_type,
        json_type(event, '$.permanent') as permanent_type,
        nullif(event ->> '$.event_id', '') as event_id,
        event ->> '$.kind' as kind,
        event ->> '$.happened_at' as happened_at,
        nullif(event ->> '$.message_key', '') as message_key,
        nullif(event ->> '$.provider_id', '') as provider_id,
        nullif(event ->> '$.destination', '') as destination,
        nullif(event ->> '$.channel', '') as channel,
        nullif(trim(event ->> '$.address'), '') as address,
        nullif(event ->> '$.topic', '') as topic,
        event ->> '$.permanent' as permanent,
        event ->> '$.url' as url,
        event ->> '$.detail' as detail,
        json_type(event, '$.message_key') in ('OBJECT', 'ARRAY', 'BOOLEAN')
        or json_type(event, '$.provider_id') in ('OBJECT', 'ARRAY', 'BOOLEAN')
        or json_type(event, '$.destination') in ('OBJECT', 'ARRAY', 'BOOLEAN')
        or json_type(event, '$.channel') in ('OBJECT', 'ARRAY', 'BOOLEAN')
        or json_type(event, '$.address') in ('OBJECT', 'ARRAY', 'BOOLEAN')
        or json_type(event, '$.topic') in ('OBJECT', 'ARRAY', 'BOOLEAN')
        or json_type(event, '$.url') in ('OBJECT', 'ARRAY', 'BOOLEAN')
        or json_type(event, '$.detail') in ('OBJECT', 'ARRAY', 'BOOLEAN') as nested
    from parsed_lines

)

select
    line,
    event_id,
    kind,
    case when regexp_matches(happened_at, $time) then try_cast(happened_at as timestamptz) end as happened_at,
    message_key,
    provider_id,
    destination,
    channel,
    address,
    topic,
    case permanent when 'true' then true when 'false' then false end as permanent,
    url,
    detail,
    nullif(
        case
            when unreadable is not null then unreadable
            when is_object is null then 'is not JSON'
            when not is_object then 'is not a JSON object, {...}'
            else
                concat_ws(
                    '; ',
                    case
                        when event_id_type is null or event_id_type = 'NULL' or event_id is null
                            then '`event_id` is missing'
                        when event_id_type in ('OBJECT', 'ARRAY', 'BOOLEAN') then '`event_id` is not a text'
                    end,
                    case
                        when kind_type is null or kind_type = 'NULL' then '`kind` is missing'
                        when kind_type <> 'VARCHAR' or not list_contains($kinds, kind)
                            then '`kind` is none of ' || array_to_string($kinds, ', ')
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
                        when channel is not null and not list_contains($channels, channel)
                            then '`channel` is none of ' || array_to_string($channels, ', ')
                        when address is not null and channel is null
                            then '`address` needs `channel` beside it'
                    end,
                    case
                        when message_key is null and provider_id is null and address is null
                            then 'names no message: give `message_key`, `provider_id`, or `channel` and `address`'
                    end,
                    case
                        when permanent_type not in ('BOOLEAN', 'NULL') then '`permanent` is neither true nor false'
                    end,
                    case when nested then 'holds something else where there should be a text' end
                )
        end,
        ''
    ) as problem
from typed
