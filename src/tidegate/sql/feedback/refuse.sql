-- A line that could not be used.
--
-- tables: tidegate.refused_lines
-- params: $1 source, $2 file, $3 line, $4 reason, $5 aside, $6 run_id, $7 refused_at

insert into tidegate.refused_lines (source, file, line, reason, aside, run_id, refused_at)
values ($1, $2, $3, $4, $5, $6, $7)
