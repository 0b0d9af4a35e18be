-- Whether there is anything to take into account.
--
-- tables: open_events, open_consents

select
    exists (select 1 from open_events)
    or exists (select 1 from open_consents) as anything
