-- Synthetic: a shop in each of three towns. Put your own in its place.
with

shops (shop, address, latitude, longitude, km) as (

    values
    ('Bristol', '12 Harbour Lane', 51.4496, -2.5990, 0.5),
    ('London', '4 Lamb Street', 51.5194, -0.0755, 0.4),
    ('Norwich', '31 Elm Hill', 52.6313, 1.2964, 0.5)

)

select * from shops
