{#- The shop's clock on the wall: UK time, whatever the time zone of the warehouse. -#}
{% macro local(moment) -%}
    {{ moment }} at time zone 'Europe/London'
{%- endmacro %}
