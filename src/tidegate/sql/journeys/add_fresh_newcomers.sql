-- People who entered in the last run: what they did between that and their entry, nobody was asked about yet.
--
-- tables: tidegate.instances, fresh
-- params: $journey, $run_id

insert into fresh
select distinct instances.person
from tidegate.instances
where instances.journey = $journey and instances.entered_run = $run_id
