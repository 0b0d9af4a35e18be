with

payments as (

    select
        properties ->> 'instalment_id' as instalment_id,
        min(occurred_at) as paid_at
    from {{ ref('events') }}
    where name = 'instalment_paid'
    group by instalment_id

)

select
    instalments.instalment_id as occurrence_id,
    instalments.customer_id,
    payments.paid_at as occurred_at,
    instalments.instalment_id,
    instalments.invoice_no,
    instalments.amount,
    instalments.number,
    instalments.instalments
from {{ ref('payment_due_instalments') }} as instalments
inner join payments on instalments.instalment_id = payments.instalment_id
where payments.paid_at > {{ as_of() }} - interval '7 days'
