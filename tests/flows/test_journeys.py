"""A journey in Prefect: a table of all of them, and of each that somebody moved in a page with its graph."""

from __future__ import annotations

from flows.activate import activate

WELCOME = """
journey: welcome_series
description: "From <the first> order on"
enter: {on: enter ref('vips')}
steps:
  - {send: welcome, by: email}
  - wait: 2 days
  - {send: goodbye, by: sms}
"""


def test_a_journey_that_moved_leaves_a_page_with_its_graph_and_nobodys_key(shop, seen):
    shop.write("journeys/welcome_series.yml", WELCOME)
    shop.edit("messages/welcome/email.mjml", "You spent {{ entry.spend }}.", "Hello.")
    first = seen(activate(shop.root, return_state=True))
    shop.edit("tidegate.yml", "clock: 2024-03-01 08:00", "clock: 2024-03-01 09:00")
    shop.buys("edith")

    run = seen(activate(shop.root, return_state=True))

    assert first.state.is_completed(), first.state.message
    assert run.state.is_completed(), run.state.message
    assert first.pages == {}, "nobody entered yet"
    (row,) = run.tables["journeys"]
    assert (row["journey"], row["verdict"], row["entered"], row["inside"]) == ("welcome_series", "applied", 1, 1)
    page = run.pages["journey-welcome-series"]
    assert "```mermaid\nflowchart TD\n" in page
    assert "1 entered: 1 inside, 0 ended." in page
    assert "| welcome | send welcome by email | 0 | 1 |" in page
    assert "From \\<the first\\> order on" in page
    assert "edith" not in page
