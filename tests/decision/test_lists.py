import json
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

from sqlglot import exp

from tests.decision.world import Crm, World, column, list_of, of, synced
from tidegate.spec.objects import Guard, Limit, Sync

EMPTY_OK = Guard(max_leave=Limit(share=1.0))


def test_a_list_fills_on_the_first_look(world: World) -> None:
    world.audience(synced())
    world.in_segment("vips", "ada", "grace")

    decision = world.decide()

    assert list_of(decision, "VIPs").add == 2
    assert world.owed() == {("ada", "add", "due"), ("grace", "add", "due")}


def test_what_is_sent_to_an_ad_platform_is_hashed(world: World) -> None:
    world.audience(synced())
    world.person("ada", email=" Ada@Example.com ")
    world.in_segment("vips", "ada")

    world.decide()

    ((identifiers,),) = world.rows("select identifiers from tidegate.owed")
    assert json.loads(str(identifiers)) == {"email": sha256(b"ada@example.com").hexdigest()}


def test_an_identifier_that_somebody_lost_is_told_to_tables_of_ones_own_and_to_nobody_else(world: World) -> None:
    match = {"email": column("person", "email"), "phone": column("person", "phone")}
    both = (
        Sync("tables", "list", "VIPs", match, overwrite_with_null=True),
        Sync("tables", "object", "people", match, {"city": column("person", "phone")}, overwrite_with_null=True),
        Sync("tables", "object", "kept", match),
        Sync("ads", "list", "VIPs", match),
    )
    world.audience(replace(synced(guard=EMPTY_OK), sync=both))
    world.in_segment("vips", "ada", "grace")
    world.decide()
    whole = world.rows("select distinct traits from tidegate.owed where list = 'VIPs'")
    world.accept_everything_owed()
    world.person("ada", phone="not a number")

    world.decide()

    assert whole == [("{}",)]
    assert sorted(world.rows("select destination, list, person, traits from tidegate.owed")) == [
        ("ads", "VIPs", "ada", "{}"),
        ("tables", "VIPs", "ada", '{"phone":null}'),
        ("tables", "kept", "ada", "{}"),
        ("tables", "people", "ada", '{"phone":null,"city":"not a number"}'),
    ]

    world.accept_everything_owed()
    world.decide()

    assert world.owed() == set()


def test_nothing_new_means_nothing_owed(world: World) -> None:
    world.audience(synced())
    world.in_segment("vips", "ada")
    world.decide()
    world.accept_everything_owed()

    decision = world.decide()

    assert list_of(decision, "VIPs").add == 0
    assert world.owed() == set()


def test_a_removal_uses_the_identifiers_once_delivered(world: World) -> None:
    world.audience(synced(guard=EMPTY_OK))
    world.in_segment("vips", "ada")
    world.decide()
    delivered = world.rows("select identifiers from tidegate.owed")
    world.accept_everything_owed()
    world.person("ada", email="new@example.com")
    world.in_segment("vips")

    world.decide()

    assert world.rows("select operation, identifiers from tidegate.owed") == [("remove", delivered[0][0])]


def test_an_address_written_another_way_needs_no_call(world: World) -> None:
    world.audience(synced())
    world.in_segment("vips", "ada")
    world.decide()
    world.accept_everything_owed()
    world.person("ada", email="ADA@example.com")

    world.decide()
    assert world.owed() == set()

    before = world.rows("select fingerprint from tidegate.delivered")
    world.decide()
    assert world.rows("select fingerprint from tidegate.delivered") == before


def test_a_new_engine_resends_nothing(world: World) -> None:
    world.audience(synced())
    world.in_segment("vips", "ada", "grace")
    world.decide()
    world.accept_everything_owed()
    with world.warehouse.session() as connection:
        connection.execute("update tidegate.lists set scheme = 'duckdb 1.4.0 hash(match.email)'")
        connection.execute("update tidegate.delivered set fingerprint = 7")

    world.decide()

    assert world.owed() == set()
    assert world.rows("select count(*) from tidegate.delivered where fingerprint = 7") == [(0,)]


def test_someone_without_a_usable_address_holds_nobody_back(world: World) -> None:
    world.audience(synced())
    world.person("ada", email="not an address")
    world.in_segment("vips", "ada", "grace")

    world.decide()

    assert world.owed() == {("ada", "unusable", "refused"), ("grace", "add", "due")}


def test_a_number_is_read_as_one_of_the_country_that_is_matched_by(world: World) -> None:
    match = {"phone": column("person", "phone"), "country": exp.Literal.string("United Kingdom")}
    sync = Sync(to="ads", mode="list", name="VIPs", match=match)
    world.audience(synced(sync=(sync,)))
    world.person("ada", phone="020 7946 0000")
    world.in_segment("vips", "ada")

    world.decide()

    [(identifiers,)] = world.rows("select identifiers from tidegate.owed")
    assert json.loads(str(identifiers)) == {"phone": "+442079460000", "country": "gb"}


def test_an_address_that_became_unusable_is_taken_off(world: World) -> None:
    world.audience(synced(guard=EMPTY_OK))
    world.in_segment("vips", "ada")
    world.decide()
    world.accept_everything_owed()
    world.person("ada", email=None)

    world.decide()

    assert world.owed() == {("ada", "unusable", "refused"), ("ada", "remove", "due")}


def test_a_refused_row_waits_for_its_next_try_unless_it_changes(world: World) -> None:
    world.audience(synced())
    world.in_segment("vips", "ada")
    world.decide()
    with world.warehouse.session() as connection:
        connection.execute(
            "update tidegate.owed set state = 'refused', attempts = 1, reason = 'bad', "
            "next_try = next_try + interval 3 day"
        )

    world.decide()
    assert world.owed() == {("ada", "add", "refused")}
    world.decide(after=timedelta(days=3))
    assert world.owed() == {("ada", "add", "due")}

    with world.warehouse.session() as connection:
        connection.execute("update tidegate.owed set state = 'refused', next_try = next_try + interval 9 day")
    world.person("ada", email="other@example.com")
    world.decide()
    assert world.owed() == {("ada", "add", "due")}
    assert world.rows("select attempts from tidegate.owed") == [(0,)]


def test_someone_who_may_be_on_the_list_and_left_is_removed(world: World) -> None:
    world.audience(synced(guard=EMPTY_OK))
    world.in_segment("vips", "ada")
    world.decide()
    with world.warehouse.session() as connection:
        connection.execute("update tidegate.owed set in_doubt = true")
    world.in_segment("vips")

    world.decide()

    assert world.owed() == {("ada", "remove", "due")}


def test_who_is_to_be_sent_again_in_a_part_of_a_job_stays_in_it_and_who_left_is_taken_off(world: World) -> None:
    world.audience(synced(guard=EMPTY_OK))
    world.in_segment("vips", "ada", "grace")
    world.decide()
    with world.warehouse.session() as connection:
        connection.execute("update tidegate.owed set in_doubt = true, reason = 'failed_in_part', job = 'r part 1'")
    world.in_segment("vips", "ada")

    world.decide()

    assert world.owed() == {("ada", "add", "due"), ("grace", "remove", "due")}
    assert world.rows("select job from tidegate.owed where person = 'ada'") == [("r part 1",)]


def test_someone_who_may_have_been_removed_and_came_back_is_added_again(world: World) -> None:
    world.audience(synced(guard=EMPTY_OK))
    world.in_segment("vips", "ada")
    world.decide()
    world.accept_everything_owed()
    world.in_segment("vips")
    world.decide()
    with world.warehouse.session() as connection:
        connection.execute("update tidegate.owed set in_doubt = true")
    world.in_segment("vips", "ada")

    world.decide()

    assert world.owed() == {("ada", "update", "due")}


def test_someone_who_left_and_came_back_between_two_runs_costs_nothing(world: World) -> None:
    world.audience(synced(guard=EMPTY_OK))
    world.in_segment("vips", "ada")
    world.decide()
    world.accept_everything_owed()
    world.in_segment("vips")
    world.decide()
    assert world.owed() == {("ada", "remove", "due")}
    world.in_segment("vips", "ada")

    world.decide()

    assert world.owed() == set()


def test_an_old_address_stays_owed_until_it_is_removed(world: World) -> None:
    world.audience(synced())
    world.in_segment("vips", "ada")
    world.decide()
    world.accept_everything_owed()
    with world.warehouse.session() as connection:
        connection.execute(
            "insert into tidegate.owed by name select destination, list, person, 'remove' as operation, "
            "'old' as identity, '{}' as identifiers, '{}' as traits, 'due' as state, true as in_doubt, 1 as attempts, "
            "accepted_at - interval 1 day as next_try, run_id from tidegate.delivered"
        )

    world.decide()

    assert world.owed() == {("ada", "remove", "due")}


def test_a_list_owned_by_two_audiences_is_their_union(world: World) -> None:
    world.audience(synced("vips", list_name="Best", guard=EMPTY_OK))
    world.audience(synced("fans", list_name="Best", guard=EMPTY_OK))
    world.in_segment("vips", "ada", "grace")
    world.in_segment("fans", "grace", "edith")
    world.decide()
    assert {person for person, *_ in world.owed()} == {"ada", "grace", "edith"}
    world.accept_everything_owed()
    world.in_segment("vips", "ada")
    world.in_segment("fans", "edith")

    world.decide()

    assert world.owed() == {("grace", "remove", "due")}


def test_a_list_waits_for_all_its_owners(world: World) -> None:
    world.audience(synced("vips", list_name="Best"))
    world.audience(synced("fans", list_name="Best"))
    world.in_segment("vips", "ada", "grace")
    world.in_segment("fans", "edith")
    world.decide()
    world.accept_everything_owed()
    world.in_segment("vips")
    world.in_segment("fans", "edith", "mary")

    decision = world.decide()

    assert of(decision, "vips").verdict == "blocked"
    assert list_of(decision, "Best").blocked == "vips"
    assert world.owed() == set()


def test_whoever_did_not_consent_is_not_on_the_list(world: World) -> None:
    world.consent = {"ads": column("person", "agrees")}
    world.audience(synced())
    world.person("ada", agrees=False)
    world.person("grace", agrees=None)
    world.in_segment("vips", "ada", "grace", "edith")

    world.decide()

    assert world.owed() == {("edith", "add", "due")}


def test_a_mapping_that_loses_everybody_is_blocked(world: World) -> None:
    world.audience(synced(guard=Guard(leeway=1)))
    world.in_segment("vips", "ada", "grace", "edith")
    world.decide()
    world.accept_everything_owed()
    for name in ("ada", "grace", "edith"):
        world.person(name, email=None)

    decision = world.decide()

    assert of(decision, "vips").verdict == "blocked"
    assert "3 of 3 would go from `VIPs`" in of(decision, "vips").reason
    assert world.owed() == set()


def test_leaving_a_crm_sets_the_farewell_values(world: World) -> None:
    sync = Sync(
        to="crm",
        mode="object",
        name="contact",
        match={"email": column("person", "email")},
        set={"tier": exp.Literal.string("vip")},
        on_leave="set",
        on_leave_set={"tier": exp.null()},
    )
    assert Crm.channel == "crm"
    world.audience(replace(synced(guard=EMPTY_OK), sync=(sync,)))
    world.in_segment("vips", "ada")
    world.decide()
    assert world.rows("select traits from tidegate.owed") == [('{"tier":"vip"}',)]
    world.accept_everything_owed()
    world.in_segment("vips")

    world.decide()

    assert world.rows("select operation, traits from tidegate.owed") == [("leave", '{"tier":null}')]


def test_leaving_a_crm_that_keeps_its_rows_costs_no_call(world: World) -> None:
    audience = synced(to="crm", list_name="contact", guard=EMPTY_OK)
    audience = replace(audience, sync=(replace(audience.sync[0], on_leave="keep"),))
    world.audience(audience)
    world.in_segment("vips", "ada")
    world.decide()
    world.accept_everything_owed()
    world.in_segment("vips")

    world.decide()

    assert world.owed() == set()
    assert world.rows("select count(*) from tidegate.delivered") == [(0,)]


def test_a_row_in_doubt_is_told_again_even_if_only_its_spelling_changed(world: World) -> None:
    world.audience(synced(guard=EMPTY_OK))
    world.in_segment("vips", "ada")
    world.decide()
    world.accept_everything_owed()
    world.in_segment("vips")
    world.decide()
    with world.warehouse.session() as connection:
        connection.execute("update tidegate.owed set in_doubt = true")
    world.person("ada", email="ADA@example.com")
    world.in_segment("vips", "ada")

    world.decide()

    assert world.owed() == {("ada", "update", "due")}
