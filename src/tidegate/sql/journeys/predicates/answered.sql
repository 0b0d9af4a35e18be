-- What a webhook answered those who are asked, as far as they have come.
--
-- tables: asked (instance, at), tidegate.outbox, tidegate.answers
-- params: $journey, $step, $path

with

answered as (

    select
        asked.instance,
        json_extract_string(answers.body, $path) as value,
        row_number() over (partition by asked.instance order by answers.answered_at desc, answers.message_key) as back
    from tidegate.outbox
    inner join tidegate.answers on outbox.message_key = answers.message_key
    inner join asked on outbox.instance = asked.instance and answers.answered_at <= asked.at
    where outbox.source = $journey and outbox.step = $step

)

select
    answered.instance,
    answered.value
from answered
where answered.back = 1 and answered.value is not null
