with

returns as (

    select * from {{ ref('back_in_stock_returns') }}

),

asked as (

    select distinct
        returns.stock_code,
        returns.back_at,
        events.customer_id
    from returns
    inner join {{ ref('events') }} as events
        on
            events.name = 'stock_alert_requested'
            and returns.stock_code = events.properties ->> 'stock_code'
            and returns.out_since <= events.occurred_at::date
            and returns.back_at > events.occurred_at

),

-- Nobody asked them, but twice in half a year is not by accident.
regulars as (

    select
        returns.stock_code,
        returns.back_at,
        events.customer_id
    from returns
    inner join {{ ref('events') }} as events
        on
            events.name = 'item_bought'
            and returns.stock_code = events.properties ->> 'stock_code'
            and returns.back_at > events.occurred_at
            and events.occurred_at > returns.back_at - interval '180 days'
    group by returns.stock_code, returns.back_at, events.customer_id
    having count(distinct events.occurred_at::date) >= 2

),

waiting as (

    select
        *,
        true as asked
    from asked
    union all
    select
        *,
        false as asked
    from regulars
    where not exists (
        select 1
        from asked
        where
            regulars.customer_id = asked.customer_id
            and regulars.stock_code = asked.stock_code
            and regulars.back_at = asked.back_at
    )

)

select
    waiting.customer_id || ':' || waiting.stock_code || ':' || waiting.back_at::date as occurrence_id,
    waiting.customer_id,
    waiting.back_at as occurred_at,
    waiting.stock_code,
    returns.product_name,
    returns.out_since,
    waiting.asked
from waiting
inner join returns
    on
        waiting.stock_code = returns.stock_code
        and waiting.back_at = returns.back_at
