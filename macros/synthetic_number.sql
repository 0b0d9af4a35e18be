{#-
  A number from 0 to below - 1 that depends on nothing but the key and the salt: the same in any run and any engine
  that has md5. What the data does not have (addresses, birthdays, consents) is made with it.
-#}
{% macro synthetic_number(key, salt, below) -%}
    ('0x' || left(md5('{{ salt }}' || {{ key }}), 7))::integer % {{ below }}
{%- endmacro %}
