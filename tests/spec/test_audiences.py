# ruff: noqa: E501 -- a table of mistakes is read by the line

from __future__ import annotations

from datetime import timedelta

import pytest

from tidegate.spec.objects import Guard, Limit, Send

CANCELLED = """\
audience: order_cancelled
when: ref('order_cancelled')
if: entry.value > 50
send: welcome
by: [email]
"""


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("list: VIP", "lst: VIP", "audiences/vips.yml:5: sync[0].lst: no such key; did you mean `list`?"),
        ("audience: vips", "audience: vips\nguard: {max_leave: 120%}", "vips.yml:2: guard.max_leave: 120% is more than everyone"),
        ("audience: vips", "audience: vips\nguard: {max_leave: 0.2}", "vips.yml:2: guard.max_leave: write a share such as `20%`"),
        ("audience: vips", "audience: vi ps", "vips.yml:1: audience: `vi ps` is not a name; use letters, digits and `_`"),
        ("audience: vips", "audience: vips\ncolour: 4", "vips.yml:2: colour: no such key; there are audience, backfill, by"),
        ("who: ref('vips')", "who: ref('vip')", "vips.yml:2: who: no model `vip`; did you mean `vips`?"),
        ("who: ref('vips')", "who: vips", "vips.yml:2: who: write ref('vips')"),
        ("who: ref('vips')\n", "", "vips.yml:1: says neither `who` (a segment) nor `when` (a trigger)"),
        ("who: ref('vips')", "who: ref('vips')\nwhen: ref('vips')", "vips.yml:3: when: an audience has `who` (a segment) or `when`"),
        ("who: ref('vips')", "who: ref('vips')\nif: spend > 3", "vips.yml:3: if: does not go with `who`; put the condition in the segment's"),
        ("who: ref('vips')", "who: ref('vips')\nsend: welcome", "vips.yml:3: send: does not go with `who`; write it under `on_enter`"),
        ("who: ref('vips')", "who: ref('vips')\nnot_older_than: 1 day", "vips.yml:3: not_older_than: does not go with `who`"),
        ("who: ref('vips')", "who: ref('vips')\nexpires_after: 1 month", "expires_after: a month has no fixed length; write days"),
        ("who: ref('vips')", "who: ref('vips')\non_exit: {send: welcome, by: email}", "on_exit: should be a list; start each item with `- `"),
        ("to: meta_ads", "to: meta", "vips.yml:4: sync[0].to: no destination `meta`; did you mean `meta_ads`?"),
        ("to: meta_ads", "to: email", "vips.yml:5: sync[0].list: `email` (smtp) has no lists; it sends messages"),
        ("list: VIP", "object: VIP", "vips.yml:5: sync[0].object: `meta_ads` (meta_custom_audiences) has no objects; it keeps lists"),
        ("    list: VIP customers\n", "", "vips.yml:4: sync[0].list: is missing; name a `list` or an `object`"),
        ("    list: VIP", "    object: x\n    list: VIP", "vips.yml:5: sync[0].object: is there beside `list`; choose one"),
        ("{email: email}", "{emial: email}", "vips.yml:6: sync[0].match.emial: `meta_ads` (meta_custom_audiences) does not know people by `emial`; did you mean `email`?"),
        ("{email: email}", "{email: 'lower(email'}", "vips.yml:6: sync[0].match.email: is not SQL"),
        ("{email: email}", "{email: lowr(email)}", "vips.yml:6: sync[0].match.email: no function `lowr`; did you mean `lower`?"),
        ("{email: email}", "{}", "vips.yml:6: sync[0].match: is empty"),
        ("{email: email}", "{email: email}\n    set: {tier: \"'vip'\"}", "vips.yml:7: sync[0].set: a list holds no fields; write `object`"),
        ("{email: email}", "{email: email}\n    on_leave: {set: {tier: null}}", "vips.yml:7: sync[0].on_leave: a list holds no fields to set"),
        ("{email: email}", "{email: email}\n    on_leave: forget", "vips.yml:7: sync[0].on_leave: `forget` is not known; there are keep, remove"),
        ("send: welcome", "send: welcom", "vips.yml:8: on_enter[0].send: no message `welcom`; did you mean `welcome`?"),
        ("by: email", "by: emial", "vips.yml:9: on_enter[0].by: no destination or channel `emial`; did you mean `email`?"),
        ("by: email", "by: emaill", "vips.yml:9: on_enter[0].by: no destination or channel `emaill`; did you mean `email`?"),
        ("{email: email}", "{email: email}\n    write: replace", "vips.yml:7: sync[0].write: `replace` is not known; there are create, update, upsert"),
        ("by: email", "by: meta_ads", "vips.yml:9: on_enter[0].by: `meta_ads` (meta_custom_audiences) does not send messages"),
        ("by: email", "by: [email, sms]", "vips.yml:9: on_enter[0].by: message `welcome` has no content for sms, only for email"),
        ("by: email", "by: []", "vips.yml:9: on_enter[0].by: is empty; leave the key out, or name something"),
        ("by: email", "by: [email, email]", "vips.yml:9: on_enter[0].by: names `email` twice"),
        ("    by: email\n", "", "vips.yml:8: on_enter[0].by: is missing"),
        ("    by: email", "    by: email\n  - {send: welcome, by: email}", "vips.yml:10: on_enter[1].send: `welcome` is sent once already"),
    ],
)  # fmt: skip
def test_a_mistake_in_an_audience_is_told_with_line_key_and_fix(shop, old: str, new: str, told: str):
    shop.change("audiences/vips.yml", old, new)

    complaints = shop.complaints()

    assert len(complaints) == 1, complaints
    assert told in complaints[0]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"match: {email: email}": "mach: {e_mail: email}", "by: email": "by: emaill"},
            ["sync[0].mach: no such key; did you mean `match`?", "vips.yml:6: sync[0].match.e_mail: ", "vips.yml:9: on_enter[0].by: "],
        ),
        (
            {"    match: {email: email}\n": "", "by: email": "by: emaill"},
            ["sync[0].match: is missing", "vips.yml:8: on_enter[0].by: "],
        ),
        (
            {"on_enter:": "on_entr:", "to: meta_ads": "to: meta", "by: email": "by: emaill"},
            ["sync[0].to: no destination `meta`", "vips.yml:7: on_entr: no such key", "vips.yml:9: on_enter[0].by: "],
        ),
    ],
)  # fmt: skip
def test_a_mistake_hides_none_further_down(shop, changes: dict[str, str], told: list[str]):
    for old, new in changes.items():
        shop.change("audiences/vips.yml", old, new)

    complaints = shop.complaints()

    assert len(complaints) == len(told), complaints
    for complaint, expected in zip(complaints, told, strict=True):
        assert expected in complaint


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("send: welcome\n", "", "audiences/c.yml:1: send: is missing; `by` is there"),
        ("by: [email]\n", "", "audiences/c.yml:1: by: is missing; `send` is there"),
        ("send: welcome\nby: [email]\n", "", "send: is missing; a trigger sends a message"),
        ("if: entry.value > 50", "if: entry.value >", "audiences/c.yml:3: if: is not SQL: something is missing at `>`"),
        ("if: entry.value > 50", "sync: []", "audiences/c.yml:3: sync: does not go with `when`, because nobody stays in a trigger"),
        ("if: entry.value > 50", "on_exit: []", "audiences/c.yml:3: on_exit: does not go with `when`, because nobody leaves"),
        ("if: entry.value > 50", "not_older_than: 2", "not_older_than: a duration needs its unit, such as `24 hours`"),
        ("if: entry.value > 50", "guard: {max_leave: 5%}", "guard.max_leave: does not go with `when`: a trigger has no members"),
        ("if: entry.value > 50", "guard: {max_enter: 5%}", "guard.max_enter: a trigger has no members to take a share of"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_triggered_message_is_told_with_line_key_and_fix(shop, old: str, new: str, told: str):
    shop.write("audiences/c.yml", CANCELLED)
    shop.change("audiences/c.yml", old, new)

    assert any(told in line for line in shop.complaints()), shop.complaints()


def test_a_triggered_message_is_read_whole(shop):
    shop.write(
        "audiences/c.yml", CANCELLED + "not_older_than: 12 hours\nexpires_after: 2 days\npriority: 3\nbackfill: true\n"
    )

    audience = shop.load().audiences["order_cancelled"]

    assert (audience.who, audience.when, audience.model) == (None, "order_cancelled", "order_cancelled")
    assert audience.condition is not None
    assert audience.condition.sql() == "entry.value > 50"
    assert audience.sends == (Send("welcome", ("email",), line=4),)
    assert (audience.not_older_than, audience.expires_after) == (timedelta(hours=12), timedelta(days=2))
    assert (audience.priority, audience.backfill) == (3, True)


def test_two_files_may_not_have_the_same_audience(shop):
    shop.write("audiences/zips.yml", "audience: vips\nwho: ref('vips')\n")

    assert shop.complaints() == [
        "audiences/zips.yml:1: audience: `vips` is in audiences/vips.yml already; choose another name"
    ]


def test_a_list_may_have_two_owners_but_is_not_a_list_and_an_object_at_once(shop):
    shop.write(
        "audiences/again.yml",
        "audience: again\nwho: ref('vips')\nsync:\n  - {to: exports, list: people, match: {email: email}}\n",
    )
    shop.write(
        "audiences/more.yml",
        "audience: more\nwho: ref('vips')\nsync:\n  - {to: exports, list: people, match: {email: email}}\n",
    )
    assert shop.complaints() == []

    shop.change("audiences/more.yml", "list: people", "object: people")

    assert shop.complaints() == [
        "audiences/more.yml:4: sync[0].object: `people` of `exports` is a list in audiences/again.yml"
    ]


def test_owners_of_a_list_keep_it_in_the_same_way(shop):
    owner = "audience: {0}\nwho: ref('vips')\nsync:\n  - to: exports\n    list: people\n    match: {{email: email}}\n"
    shop.write("audiences/again.yml", owner.format("again"))
    shop.write("audiences/more.yml", owner.format("more") + "    on_leave: keep\n    on_delete: remove\n")

    assert shop.complaints() == [
        f"audiences/more.yml:{line}: sync[0].{key}: differs from audiences/again.yml, which keeps `people` of "
        "`exports`, too; write the same"
        for line, key in ((7, "on_leave"), (8, "on_delete"))
    ]


def test_the_same_list_twice_in_one_audience_is_a_mistake(shop):
    shop.change(
        "audiences/vips.yml",
        "on_enter:",
        "  - {to: meta_ads, list: VIP customers, match: {phone: phone}}\non_enter:",
    )

    assert shop.complaints() == ["audiences/vips.yml:7: sync[1]: `VIP customers` of `meta_ads` is synced above already"]


def test_lists_let_go_of_those_who_leave_and_objects_keep_them_unless_told(shop):
    shop.write(
        "audiences/many.yml",
        """
        audience: many
        who: ref('vips')
        sync:
          - {to: exports, list: a, match: {email: email}}
          - {to: exports, object: b, match: {email: email}, set: {tier: "'vip'", level: 3, on: true, gone: null}}
          - {to: exports, list: c, match: {email: email}, on_leave: keep}
          - {to: exports, object: d, match: {email: email}, on_leave: remove}
          - {to: exports, object: e, match: {email: email}, on_leave: {set: {tier: "null"}}}
        """,
    )

    syncs = shop.load().audiences["many"].sync

    assert [sync.on_leave for sync in syncs] == ["remove", "keep", "keep", "remove", "set"]
    assert {name: tree.sql() for name, tree in syncs[1].set.items()} == {
        "tier": "'vip'",
        "level": "3",
        "on": "TRUE",
        "gone": "NULL",
    }
    assert {name: tree.sql() for name, tree in syncs[4].on_leave_set.items()} == {"tier": "NULL"}


def test_by_may_name_a_channel_that_one_destination_serves(shop):
    shop.change("tidegate.yml", "      email: ", "      mailer: ")

    assert shop.load().audiences["vips"].on_enter[0].by == ("mailer",)


def test_a_channel_that_two_destinations_serve_must_be_said_by_name(shop):
    shop.change("tidegate.yml", "      email: ", "      mailer: ")
    shop.change(
        "tidegate.yml", "      sms: ", '      other: {connector: smtp, host: h, from: "a@example.com"}\n      sms: '
    )

    assert shop.complaints() == [
        "audiences/vips.yml:9: on_enter[0].by: `email` is what mailer and other send by; name one of them"
    ]


def test_nobody_is_blamed_for_a_destination_whose_connector_is_broken(shop):
    shop.change("tidegate.yml", "connector: smtp", "connector: smpt")

    (told,) = shop.complaints()

    assert told.startswith("tidegate.yml:10:")


def test_nobody_is_blamed_for_a_message_whose_file_is_broken(shop):
    shop.change("messages/welcome/email.mjml", "<mj-text>", "<mj-txt>")

    (told,) = shop.complaints()

    assert told.startswith("messages/welcome/email.mjml:4: no element <mj-txt>")


def test_a_sandbox_with_nothing_to_stand_in_for_says_so(shop):
    text = (shop.root / "tidegate.yml").read_text()
    shop.write("tidegate.yml", text[: text.index("  prod:")])

    complaints = shop.complaints()

    assert complaints[0].endswith(
        "sync[0].to: target `dev` has no destinations (the sandbox stands in for those of the other targets)"
    )


def test_guards_read_shares_and_numbers(shop):
    shop.change(
        "audiences/vips.yml",
        "audience: vips",
        "guard: {max_enter: 500, max_leave: 20%, min_members: 20}\naudience: vips",
    )

    assert shop.load().audiences["vips"].guard == Guard(
        max_enter=Limit(count=500), max_leave=Limit(share=0.2), min_members=20
    )


def test_models_are_found_where_dbt_is_told_to_look(shop):
    shop.write("dbt_project.yml", "name: shop\nmodel-paths: [sql]\n")
    shop.write("sql/deep/people.sql", "select 1")
    shop.write("sql/vips.py", "def model(dbt, session): ...")

    assert shop.complaints() == []

    shop.remove("sql/vips.py")
    assert shop.complaints() == ["audiences/vips.yml:2: who: no model `vips`; there is no such file under models/"]


def test_an_empty_file_is_told_so(shop):
    shop.write("audiences/empty.yml", "# nothing yet\n")
    shop.write("audiences/list.yml", "- a\n")

    assert shop.complaints() == [
        "audiences/empty.yml: is empty",
        "audiences/list.yml:1: should be keys with values",
    ]


def test_two_accounts_of_one_connector_may_send_by_two_channels(shop):
    account = 'connector: twilio, account_sid: "${TWILIO_SID}", auth_token: "${TWILIO_TOKEN}"'
    shop.change("tidegate.yml", "      sms: ", f'      chat: {{{account}, from: "whatsapp:${{NUMBER}}"}}\n      sms: ')
    shop.change("audiences/vips.yml", "by: email", "by: [whatsapp, sms]")
    shop.write("messages/welcome/whatsapp.txt", "Hello")

    assert shop.complaints() == [
        "audiences/vips.yml:9: on_enter[0].by: message `welcome` has no content for sms, only for email, whatsapp"
    ]
    shop.write("messages/welcome/sms.txt", "Hello")
    assert shop.load().audiences["vips"].on_enter[0].by == ("chat", "sms")


@pytest.mark.parametrize("channel", ["whatsapp", "push", "web_push", "telegram", "chat", "crm"])
def test_consent_may_be_asked_for_any_channel(shop, channel: str):
    shop.change("tidegate.yml", "project: shop", f"consent: {{{channel}: agrees}}\nproject: shop")

    assert list(shop.load().consent) == [channel]


def test_consent_for_a_channel_that_is_none_is_a_mistake(shop):
    shop.change("tidegate.yml", "project: shop", "consent: {whatsap: agrees}\nproject: shop")

    assert shop.complaints() == ["tidegate.yml:1: consent.whatsap: no channel `whatsap`; did you mean `whatsapp`?"]
