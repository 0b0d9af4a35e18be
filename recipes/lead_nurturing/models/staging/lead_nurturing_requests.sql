-- Synthetic: every customer asks for the trade catalogue once, some day in the 400 after they were first seen. Replace
-- by your forms and sign-ups.
with

requests as (

    select
        customer_id,
        first_seen_at + to_days({{ synthetic_number('customer_id', 'request', 400) }}) as requested_at
    from {{ ref('people') }}

)

select *
from requests
where requested_at <= {{ as_of() }}
