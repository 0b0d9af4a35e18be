with

known (country, country_code, time_zone, language) as (

    values
    ('Australia', 'AU', 'Australia/Sydney', 'en-AU'),
    ('Austria', 'AT', 'Europe/Vienna', 'de-AT'),
    ('Bahrain', 'BH', 'Asia/Bahrain', 'en-GB'),
    ('Belgium', 'BE', 'Europe/Brussels', 'fr-BE'),
    ('Brazil', 'BR', 'America/Sao_Paulo', 'pt'),
    ('Canada', 'CA', 'America/Toronto', 'en-CA'),
    ('Channel Islands', 'JE', 'Europe/Jersey', 'en-GB'),
    ('Cyprus', 'CY', 'Asia/Nicosia', 'en-GB'),
    ('Czech Republic', 'CZ', 'Europe/Prague', 'cs'),
    ('Denmark', 'DK', 'Europe/Copenhagen', 'da'),
    ('EIRE', 'IE', 'Europe/Dublin', 'en-IE'),
    ('Finland', 'FI', 'Europe/Helsinki', 'fi'),
    ('France', 'FR', 'Europe/Paris', 'fr'),
    ('Germany', 'DE', 'Europe/Berlin', 'de'),
    ('Greece', 'GR', 'Europe/Athens', 'el'),
    ('Hong Kong', 'HK', 'Asia/Hong_Kong', 'en-GB'),
    ('Iceland', 'IS', 'Atlantic/Reykjavik', 'is'),
    ('Israel', 'IL', 'Asia/Jerusalem', 'en-GB'),
    ('Italy', 'IT', 'Europe/Rome', 'it'),
    ('Japan', 'JP', 'Asia/Tokyo', 'ja'),
    ('Lebanon', 'LB', 'Asia/Beirut', 'en-GB'),
    ('Lithuania', 'LT', 'Europe/Vilnius', 'lt'),
    ('Malta', 'MT', 'Europe/Malta', 'en-GB'),
    ('Netherlands', 'NL', 'Europe/Amsterdam', 'nl'),
    ('Norway', 'NO', 'Europe/Oslo', 'no'),
    ('Poland', 'PL', 'Europe/Warsaw', 'pl'),
    ('Portugal', 'PT', 'Europe/Lisbon', 'pt'),
    ('RSA', 'ZA', 'Africa/Johannesburg', 'en-GB'),
    ('Saudi Arabia', 'SA', 'Asia/Riyadh', 'en-GB'),
    ('Singapore', 'SG', 'Asia/Singapore', 'en-GB'),
    ('Spain', 'ES', 'Europe/Madrid', 'es'),
    ('Sweden', 'SE', 'Europe/Stockholm', 'sv'),
    ('Switzerland', 'CH', 'Europe/Zurich', 'de-CH'),
    ('USA', 'US', 'America/New_York', 'en-US'),
    ('United Arab Emirates', 'AE', 'Asia/Dubai', 'en-GB'),
    ('United Kingdom', 'GB', 'Europe/London', 'en-GB')

)

select * from known
