-- The key of the hashes of addresses, where there is none yet.
--
-- tables: tidegate.address_key

insert into tidegate.address_key (secret)
select sha256(cast(uuid() as varchar) || cast(uuid() as varchar))
where not exists (select 1 from tidegate.address_key)
