{#-
  Whether a position is near a place: within its distance on the globe, in kilometres. Null where it is not known.

      {{ within_km('latitude', 'longitude', 'oxford_street') }}                     by its name, as far as places says
      {{ within_km('latitude', 'longitude', 'oxford_street', km=0.5) }}             the same, nearer
      {{ within_km('latitude', 'longitude', [51.5154, -0.1410], km=2) }}            a place of two numbers

  `lat` and `lon` are SQL, in degrees; south and west are negative. A name is looked up in the model or seed `places`,
  which has a row for each: place, latitude, longitude, km. Nobody is near a place that it does not have. The var
  `places` names another model.

  The haversine formula, on a globe of the Earth's mean radius of 6371.0088 km (Moritz, Geodetic Reference System 1980):
  no more than 0.6 % off, as the Earth is not quite round.
-#}
{% macro within_km(lat, lon, place, km=none) -%}
{%- if place is string -%}
{%- set name = "'" ~ place | replace("'", "''") ~ "'" -%}
{%- set row = "from " ~ ref(var('places', 'places')) ~ " as places where places.place = " ~ name -%}
{%- set place_lat = "(select places.latitude " ~ row ~ ")" -%}
{%- set place_lon = "(select places.longitude " ~ row ~ ")" -%}
{%- set within = "(select places.km " ~ row ~ ")" if km is none else km -%}
{%- elif place is sequence and place | length == 2 -%}
{%- if km is none -%}
{{ exceptions.raise_compiler_error("within_km: how near? A place of two numbers needs km, such as km=2") }}
{%- endif -%}
{%- set place_lat, place_lon, within = place[0], place[1], km -%}
{%- else -%}
{%- set fix = "give the name of one in places, or [latitude, longitude]" -%}
{{ exceptions.raise_compiler_error("within_km: " ~ place ~ " is no place; " ~ fix) }}
{%- endif -%}
    2 * 6371.0088 * asin(sqrt(least(
        1.0,
        power(sin(radians({{ place_lat }} - ({{ lat }})) / 2), 2)
        + cos(radians({{ lat }})) * cos(radians({{ place_lat }}))
        * power(sin(radians({{ place_lon }} - ({{ lon }})) / 2), 2)
    ))) <= {{ within }}
{%- endmacro %}
