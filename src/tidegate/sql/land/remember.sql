-- A file that has been loaded.
--
-- tables: tidegate.landed
-- params: $source, $file, $sha256, $bytes, $modified, $rows, $run_id, $landed_at

insert into tidegate.landed (source, file, sha256, bytes, modified, rows, run_id, landed_at)
values ($source, $file, $sha256, $bytes, $modified, $rows, $run_id, $landed_at)
