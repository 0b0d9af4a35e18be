-- How far a file was read, and what it looked like then.
--
-- tables: tidegate.line_files
-- params: $source, $file

select
    size,
    modified,
    bytes,
    lines,
    sha256
from tidegate.line_files
where source = $source and file = $file
