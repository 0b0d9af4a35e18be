-- How far a file was read, before it is said anew.
--
-- tables: tidegate.line_files
-- params: $source, $file

delete from tidegate.line_files
where source = $source and file = $file
