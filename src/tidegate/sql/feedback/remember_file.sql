-- How far a file has been read.
--
-- tables: tidegate.line_files
-- params: $source, $file, $bytes, $lines, $sha256, $size, $modified, $unfinished, $run_id, $looked_at

insert into tidegate.line_files (
    source, file, bytes, lines, sha256, size, modified, unfinished, run_id, looked_at
)
values ($source, $file, $bytes, $lines, $sha256, $size, $modified, $unfinished, $run_id, $looked_at)
