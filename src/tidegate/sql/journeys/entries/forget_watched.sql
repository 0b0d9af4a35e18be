-- Values that are not the last ones any more.
--
-- tables: new_watched, tidegate.watched
-- params: $journey

delete from tidegate.watched
where watched.journey = $journey and watched.person in (select new_watched.person from new_watched)
