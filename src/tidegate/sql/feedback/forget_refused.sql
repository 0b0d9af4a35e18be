-- What was refused of a file, which is read from its beginning once more.
--
-- tables: tidegate.refused_lines
-- params: $source, $file

delete from tidegate.refused_lines
where source = $source and file = $file
returning aside
