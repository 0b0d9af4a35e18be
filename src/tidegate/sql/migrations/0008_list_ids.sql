-- What a platform calls a list of ours, so that one that was deleted there and made anew is not taken for the old one.

alter table tidegate.lists add column platform_id varchar;   -- null: not told (yet)
