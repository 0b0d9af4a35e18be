from tests.decision.world import World, of, welcome
from tidegate.decision.pinned import pin
from tidegate.spec.objects import ModelColumns


def test_a_view_is_looked_at_once(world: World) -> None:
    with world.warehouse.session() as connection:
        connection.execute(
            "create view picked as select i::varchar as customer_id from range(1000) t(i) where random() < 0.5"
        )
        models = {"picked": ModelColumns("picked", '"main"."picked"', {"customer_id": "VARCHAR"})}

        pinned = pin(connection, models, ["picked"], {})["picked"].relation

        first = connection.sql(f"from {pinned}").fetchall()
        assert connection.sql(f"from {pinned}").fetchall() == first


def test_a_table_is_not_copied(world: World) -> None:
    with world.warehouse.session() as connection:
        connection.execute("create table picked as select 'ada' as customer_id")
        models = {"picked": ModelColumns("picked", '"main"."picked"', {"customer_id": "VARCHAR"})}

        assert pin(connection, models, ["picked"], {}) == models


def test_a_message_waits_out_an_edit_of_its_channels(world: World) -> None:
    world.audience(welcome(backfill=True))
    world.in_segment("vips", "ada")
    world.decide()
    world.audience(welcome(on_enter=()))

    decision = world.decide(after=world.as_of - world.as_of)

    assert of(decision, "vips").withheld == {}
    assert world.planned() == {"vips:ada:1:on_enter.welcome:1": "mail"}
