-- What came with the fourth version of the store: which audience or journey's step a message is from.

create table origins (
    provider_id text primary key,
    origin text not null
) without rowid;
