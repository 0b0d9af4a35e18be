-- Those who moved over are in the newest version.
--
-- tables: outcome, tidegate.instances
-- params: none

update tidegate.instances
set version = outcome.version
from outcome
where instances.instance = outcome.instance and instances.version <> outcome.version
