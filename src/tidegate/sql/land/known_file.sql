-- Whether a file of this name, size and time was loaded: spares reading it again.
--
-- tables: tidegate.landed
-- params: $source, $file, $bytes, $modified

select 1
from tidegate.landed
where
    landed.source = $source
    and landed.file = $file
    and landed.bytes = $bytes
    and landed.modified = $modified
limit 1
