select
    registration_id as occurrence_id,
    customer_id,
    registered_at as occurred_at,
    registration_id,
    workshop,
    place,
    begins,
    starts_on,
    starts_on - registered_at::date as days_ahead
from {{ ref('event_countdown_registrations') }}
where
    registered_at > {{ as_of() }} - interval '7 days'
    and registered_at <= {{ as_of() }}
