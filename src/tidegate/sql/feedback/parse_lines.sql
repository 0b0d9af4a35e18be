-- Lines of a file as JSON objects, where they are such.
--
-- tables: lines (line, text, problem), parsed_lines
-- params: none

create or replace temp table parsed_lines as
select
    line,
    problem as unreadable,
    case when problem is null and json_valid(text) then json_type(text) = 'OBJECT' end as is_object,
    case when problem is null and json_valid(text) and json_type(text) = 'OBJECT' then text end as event
from lines
