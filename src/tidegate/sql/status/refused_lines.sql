-- Lines of feedback and consents that said nothing usable, by the file that keeps them.
--
-- tables: tidegate.refused_lines

select
    source,
    file,
    min(line) as line,
    count(*) as lines,
    arg_min(reason, coalesce(line, 0)) as reason,
    aside
from tidegate.refused_lines
group by source, file, aside
order by source, file, line
