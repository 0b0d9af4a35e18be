select
    people.*,  -- noqa: AM04, whatever columns the address book has
    reactivation_sunset.customer_id is not null as is_sunset
from {{ ref('people') }} as people
left join {{ ref('reactivation_sunset') }} as reactivation_sunset
    on people.customer_id = reactivation_sunset.customer_id
