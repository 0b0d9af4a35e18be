{#-
  The run's clock, as a literal: `timestamptz '2011-10-05 00:00:00+00'`.

  Use it where you would write now(). Then a model answers the same for the same day whenever it is asked, and a
  plan, a replay and a test see what a run would have seen.

  Only read while a model is executed: were it read while dbt parses, every new clock would make dbt parse anew.
  Outside Tidegate (`dbt build` by hand) it is the time at which dbt started.
-#}
{% macro as_of() -%}
    {%- if execute -%}
        timestamptz '{{ env_var("TIDEGATE_AS_OF", run_started_at.strftime("%Y-%m-%d %H:%M:%S.%f+00")) }}'
    {%- else -%}
        timestamptz '1970-01-01 00:00:00+00'
    {%- endif -%}
{%- endmacro %}
