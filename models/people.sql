with

lines as (

    select * from {{ ref('stg_invoice_lines') }}
    where customer_id is not null

),

seen as (

    select
        customer_id,
        -- eight customers moved: the country of the last invoice
        arg_max(country, (invoiced_at_local, invoice_no)) as country,
        min(invoiced_at_local) as first_seen_at_local
    from lines
    group by customer_id

),

placed as (

    select
        seen.customer_id,
        {{ local('seen.first_seen_at_local') }} as first_seen_at,
        countries.country,
        countries.country_code,
        countries.time_zone,
        coalesce(countries.language, 'en-GB') as language
    from seen
    left join {{ ref('countries') }} as countries on seen.country = countries.country

),

-- From here on everything is synthetic: the data has no names, addresses, birthdays or consents.
named as (

    select
        *,
        [
            'Ada', 'Alan', 'Amy', 'Anna', 'Arthur', 'Beatrice', 'Clara', 'Daniel', 'David', 'Edith', 'Elena', 'Emil',
            'Emma', 'Felix', 'Frida', 'George', 'Grace', 'Hannah', 'Hugo', 'Ida', 'Isaac', 'Jakob', 'Jane', 'Julia',
            'Karl', 'Laura', 'Leo', 'Linus', 'Lucy', 'Maria', 'Martin', 'Mary', 'Max', 'Mila', 'Nina', 'Noah', 'Olga',
            'Oscar', 'Paul', 'Rosa', 'Ruth', 'Simon', 'Sofia', 'Theo', 'Thomas', 'Vera', 'Victor', 'Zoe'
        ][1 + {{ synthetic_number('customer_id', 'first_name', 48) }}] as first_name,
        ['com', 'org', 'net'][1 + {{ synthetic_number('customer_id', 'domain', 3) }}] as domain,
        {{ synthetic_number('customer_id', 'address', 400) }} as address_quality,
        {{ synthetic_number('customer_id', 'telephone', 2) }} = 0 as gave_telephone,
        {{ synthetic_number('customer_id', 'app', 10) }} < 3 as has_app
    from placed

)

select
    customer_id,
    first_name,
    country,
    country_code,
    time_zone,
    language,
    first_seen_at,
    case
        when address_quality < 12 then null
        when address_quality < 14 then lower(first_name) || '.' || customer_id || '(at)example.' || domain
        when address_quality < 15 then ' ' || lower(first_name) || '.' || customer_id || '@example.' || domain
        when address_quality < 25 then first_name || '.' || customer_id || '@Example.' || domain
        else lower(first_name) || '.' || customer_id || '@example.' || domain
    end as email,
    case
        -- Six ids share no number: the 5,942 ids of the data, one in six, fit the thousand that Ofcom reserves.
        when country_code = 'GB' and customer_id % 6 = 0
            then '+447700900' || lpad((((customer_id - 12346) // 6) % 1000)::varchar, 3, '0')
        when country_code = 'FR' and gave_telephone
            then '+3363998' || lpad((customer_id % 10000)::varchar, 4, '0')
        when country_code = 'US'
            then '+120255501' || lpad((customer_id % 100)::varchar, 2, '0')
    end as phone,
    case
        when has_app then 'no-device-' || md5('push_token' || customer_id)
    end as push_token,
    date '1940-01-01' + {{ synthetic_number('customer_id', 'birthday', 23376) }} as birthday,
    {{ synthetic_number('customer_id', 'email_consent', 100) }} < 85 as email_consent,
    {{ synthetic_number('customer_id', 'sms_consent', 100) }} < 85 as sms_consent,
    {{ synthetic_number('customer_id', 'push_consent', 100) }} < 80 as push_consent,
    {{ synthetic_number('customer_id', 'ads_consent', 100) }} < 75 as ads_consent
from named
