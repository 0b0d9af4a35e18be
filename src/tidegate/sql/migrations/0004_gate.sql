-- What people did with messages, what they consented to, whom never to write to again, and who is in which arm.

create table tidegate.feedback (
    event_id varchar not null,            -- the reporter's: an event counts once
    kind varchar not null,                -- delivered, opened, clicked, bounced, complained, unsubscribed, replied
    happened_at timestamptz not null,
    destination varchar,
    channel varchar,
    provider_id varchar,
    message_key varchar,                  -- found by provider_id where the reporter does not know it
    person varchar,
    topic varchar,                        -- of an unsubscription
    permanent boolean,                    -- of a bounce
    url varchar,                          -- of a click
    detail varchar,
    run_id varchar not null,
    landed_at timestamptz not null
);

create table tidegate.consents (
    consent_id varchar not null,          -- the reporter's: it counts once
    person varchar not null,
    channel varchar not null,
    topic varchar,                        -- null: every topic
    given boolean not null,               -- false: withdrawn
    source varchar,                       -- where: a form, a page, a feedback event
    wording varchar,                      -- what the person read
    happened_at timestamptz not null,
    run_id varchar not null,
    landed_at timestamptz not null
);

create table tidegate.suppressions (
    channel varchar not null,
    address_hash varchar not null,        -- keyed: no address can be read from it
    reason varchar not null,              -- bounced, complained, opted_out, erased
    event_id varchar,
    happened_at timestamptz not null,
    run_id varchar not null
);

create table tidegate.assignments (
    experiment varchar not null,
    person varchar not null,
    arm varchar not null,
    assigned_at timestamptz not null,     -- the run's clock, at first exposure
    run_id varchar not null
);
