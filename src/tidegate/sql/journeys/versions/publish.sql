-- A version of a journey that people may be inside from now on.
--
-- tables: tidegate.journey_versions
-- params: $journey, $version, $hash, $source, $run_id, $as_of

insert into tidegate.journey_versions (journey, version, hash, source, first_run, published_at)
values ($journey, $version, $hash, $source, $run_id, $as_of)
