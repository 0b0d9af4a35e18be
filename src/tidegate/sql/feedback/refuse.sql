-- A line that could not be used.
--
-- tables: tidegate.refused_lines
-- params: source, file, line, reason, aside, run_id, refused_at

insert into tidegate.refused_lines (source, file, line, reason, aside, run_id, refused_at)
values (?, ?, ?, ?, ?, ?, ?)
