-- Whether this content was loaded, under whatever name.
--
-- tables: tidegate.landed
-- params: $source, $sha256

select 1
from tidegate.landed
where landed.source = $source and landed.sha256 = $sha256
limit 1
