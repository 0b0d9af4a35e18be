-- From when the time of a wait is counted, where that is another moment than when they came to it.
--
-- tables: outcome, tidegate.instances
-- params: none

update tidegate.instances
set waits_from = outcome.waits_from
from outcome
where instances.instance = outcome.instance and instances.waits_from is distinct from outcome.waits_from
