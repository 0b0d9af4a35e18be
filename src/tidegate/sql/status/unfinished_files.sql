-- Files of feedback and consents that ended in the middle of a line when they were read last.
--
-- tables: tidegate.line_files

select file
from tidegate.line_files
where unfinished
order by file
