-- A CSV file, every value as it is written.
--
-- params: $file

create or replace temp table entry_list as
select *
from read_csv($file, header = true, all_varchar = true, nullstr = '')
