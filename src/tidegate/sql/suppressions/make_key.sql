-- The key of the hashes, where there is none yet.
--
-- tables: tidegate.address_key
-- params: $secret

insert into tidegate.address_key
select $secret
where not exists (select 1 from tidegate.address_key)
