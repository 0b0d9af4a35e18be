# ruff: noqa: E501 -- a table of mistakes is read by the line

from __future__ import annotations

import pytest

EMAIL = "messages/welcome/email.mjml"


def mjml(text: str, front: str = "subject: Hi") -> str:
    return (
        f"---\n{front}\n---\n<mjml>\n<mj-body><mj-section><mj-column>\n"
        f"<mj-text>{text}</mj-text>\n</mj-column></mj-section></mj-body>\n</mjml>\n"
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{{ persn.first_name }}", "email.mjml:6: no variable `persn`; did you mean `person`?"),
        ("\n\n{{ nobody }}", "email.mjml:8: no variable `nobody`; a column is written person.nobody or entry.nobody"),
        ("{{ person.name | titel }}", "email.mjml:6: no filter `titel`; did you mean `title`?"),
        ("{% if person.x is evn %}a{% endif %}", "email.mjml:6: no test `evn`; did you mean `even`?"),
        ("{{ person.name", "email.mjml:6: is not a template: "),
        ("{% if person.x %}", "email.mjml:6: is not a template: unexpected end of template"),
        ("{% include 'x' %}", "email.mjml:6: `include` is not available"),
        ("{% import 'x' as y %}", "email.mjml:6: `import` is not available"),
        ("{{ unsubscribe_url }}", "email.mjml:6: nothing says what `unsubscribe_url` is"),
        ("a <b", "email.mjml:6: a `<` that starts no tag; write &lt;"),
        ("<p>a", "email.mjml:6: </mj-text> comes before </p>, which closes the <p> of line 6"),
        ("<mj-button href=x>a</mj-button>", "email.mjml:6: <mj-button> directly in <mj-text>; it belongs in <mj-column>"),
        ("<a href=x>a</a>", "email.mjml:6: the value of `href` needs quotes"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_body_is_told_with_its_line(shop, text: str, told: str):
    shop.write(EMAIL, mjml(text))

    complaints = shop.complaints()

    assert len(complaints) == 1, complaints
    assert told in complaints[0]


@pytest.mark.parametrize(
    ("markup", "told"),
    [
        ("<mj-body><mj-setcion></mj-setcion></mj-body>", "email.mjml:5: no element <mj-setcion>; did you mean `mj-section`?"),
        ("<mj-body>\n<mj-section>\n</mj-body>", "email.mjml:7: </mj-body> comes before </mj-section>, which closes the <mj-section> of line 6"),
        ("<mj-body>\n\n{{ person.x }}</mj-body>", "email.mjml:7: `{{ person.x }}` has no place directly in <mj-body>"),
        ("<mj-body>\nhello</mj-body>", "email.mjml:6: text directly in <mj-body>; put it into an <mj-text>"),
        ("<mj-head></mj-head>", "email.mjml:4: is not MJML: it needs <mjml> and in it <mj-body>"),
        ("<mj-body><mj-include path='/etc/passwd'/></mj-body>", "email.mjml:5: <mj-include> is not available"),
        ("<mj-body>\n<mj-text>x</mj-text></mj-body>", "email.mjml:6: <mj-text> directly in <mj-body>; it belongs in <mj-column> or <mj-hero>"),
        ("<mj-body><mj-section {% if person.x %}background-color='red'{% endif %}></mj-section></mj-body>", "has no place between attributes"),
        ("<mj-body><mj-section colour='{{ person.x }}'></mj-section></mj-body>", "`{{ person.x }}` would be lost here"),
        ("<mj-body><mj-section><mj-column><mj-social>{% if person.x %}<mj-social-element name='x'></mj-social-element>{% endif %}"
         "</mj-social></mj-column></mj-section></mj-body>", "has no place directly in <mj-social>"),
    ],
)  # fmt: skip
def test_broken_mjml_is_told_with_its_line(shop, markup: str, told: str):
    shop.write(EMAIL, f"---\nsubject: Hi\n---\n<mjml>\n{markup}\n</mjml>\n")

    complaints = shop.complaints()

    assert len(complaints) == 1, complaints
    assert told in complaints[0]


@pytest.mark.parametrize(
    ("front", "told"),
    [
        ("topic: x", "email.mjml:1: subject: is missing"),
        ("subjct: Hi", "email.mjml:2: subjct: no such key; did you mean `subject`?"),
        ("subject: {{ person.x }}", "email.mjml:2: subject: a value that starts with `{{` or `[` must be in quotes"),
        ("topic: x\nsubject: '{{ persn.x }}'", "email.mjml:3: subject: no variable `persn`"),
        ("subject: 7", "email.mjml:2: subject: should be text; put it in quotes"),
        ("- a", "email.mjml:2: the front matter should be keys with values"),
    ],
)
def test_a_mistake_in_the_front_matter_is_told_with_its_line(shop, front: str, told: str):
    shop.write(EMAIL, mjml("Hello", front))

    complaints = shop.complaints()

    assert len(complaints) == 1, complaints
    assert told in complaints[0]


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("emial.mjml", "x", "emial.mjml: no channel `emial`; did you mean email.mjml?"),
        ("fax.txt", "x", "fax.txt: no channel `fax`; a message's files are called email.mjml, email.html, sms.txt"),
        ("sms.mjml", "x", "sms.mjml: content for sms is written in sms.txt"),
        ("sms.txt", "\n", "sms.txt:1: has no content after its front matter"),
        ("sms.txt", "---\nsubject: x\n---\nHi\n", "sms.txt:2: subject: no such key; there is only topic"),
        ("sms.polish.please.txt", "x", "sms.polish.please.txt: a file is called CHANNEL.LANGUAGE.ENDING, such as sms.pt-BR.txt"),
        ("sms.pl.txt", "Hej", "sms.pl.txt: is a translation; sms.txt must be beside it, for all other languages"),
        ("sms.xx.txt", "Hej", "sms.xx.txt: no language `xx`; write its code, such as `pl` or `pt-BR`"),
        ("email.html", "---\nsubject: x\n---\nx", "is there with another ending; keep one of the two"),
        ("email.pl.txt", "Hej", "email.pl.txt: is the plain text of an e-mail; email.pl.mjml or email.pl.html must be beside it"),
        ("email.txt", "---\nsubject: x\n---\nHi", "email.txt:1: the front matter belongs in email.mjml"),
        ("email.txt", "Hi {{ persn.x }}", "email.txt:1: no variable `persn`"),
        ("email.txt", " ", "email.txt:1: is empty; without the file, the text is made from the HTML"),
        ("sms.txt", "---\ntopic: a\n---\nHi", None),
        ("webhook.json", '{"a": 1,}', "webhook.json:1: is not JSON: "),
        ("webhook.json", '{\n"a": "{{ persn.x }}"}', "webhook.json:2: no variable `persn`"),
        ("webhook.json", '---\ntopic: marketing\n---\n{"a": "{{ person.x | default(\\"y\\") }}"}', None),
    ],
)  # fmt: skip
def test_a_mistake_in_a_file_beside_is_told(shop, file: str, text: str, told: str | None):
    shop.write(f"messages/welcome/{file}", text)

    complaints = shop.complaints()

    if told is None:
        assert complaints == []
    else:
        assert len(complaints) == 1, complaints
        assert told in complaints[0]


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("push.txt", "Hi", "push.txt:1: title: is missing: The notification's first line: a template"),
        ("push.txt", "---\ntilte: x\n---\nHi", "push.txt:2: tilte: no such key; did you mean `title`?"),
        ("push.txt", "---\ntitle: x\n---\n", "push.txt:4: has no content after its front matter"),
        ("push.txt", "---\ntitle: x\ndata: {order: 7}\n---\nHi", "push.txt:3: data.order: should be text; put it in quotes"),
        ("push.txt", "---\ntitle: x\ndata:\n  order: x\n  cart: '{{ persn.x }}'\n---\nHi", "push.txt:5: data.cart: no variable `persn`"),
        ("push.json", "{}", "push.json: content for push is written in push.txt"),
        ("web_push.txt", "---\ntitle: x\nurl: '{{ person.x'\n---\nHi", "web_push.txt:3: url: is not a template"),
        ("web_psuh.txt", "Hi", "web_psuh.txt: no channel `web_psuh`; did you mean web_push.txt?"),
        ("telegram.txt", "---\nimage: '{{ image }}'\n---\nHi", "telegram.txt:2: image: no variable `image`"),
        ("whatsapp.txt", "---\nparameters: [a]\n---\nHi", "whatsapp.txt:1: `parameters` belongs to a `template`; name it"),
        ("whatsapp.txt", "---\ntemplate: x\nparameters: [a, 7]\n---\n", "whatsapp.txt:3: parameters: should be a list of texts, or names with a text each"),
        ("whatsapp.txt", "---\ntemplate: x\nparameters:\n  - a\n  - '{{ nobody }}'\n---\n", "whatsapp.txt:5: parameters[1]: no variable `nobody`"),
        ("whatsapp.txt", "---\ntemplate: x\nparameters: {who: '{{ person.x | titel }}'}\n---\n", "whatsapp.txt:3: parameters.who: no filter `titel`"),
        ("chat.txt", "---\ntitel: x\n---\nHi", "chat.txt:2: titel: no such key; did you mean `title`?"),
        ("crm.json", "{}", "crm.json:1: campaign: is missing: Which message: the platform's name or id for it"),
        ("crm.json", "---\ncampaign: x\n---\n[1]", "crm.json:4: should be the properties of the message, by name"),
        ("crm.json", "---\ncampaign: x\n---\n{\n'a': 1}", "crm.json:5: is not JSON: "),
        ("push.txt", "---\ntitle: x\nurl: y\nimage: z\ndata: {a: '{{ person.x }}'}\n---\nHi", None),
        ("whatsapp.txt", "---\ntemplate: x\nlanguage: en_US\nimage: i\nurl: u\nparameters: {a: b}\n---\n", None),
        ("telegram.txt", "Hi", None),
        ("chat.txt", "---\ntitle: x\n---\nHi", None),
        ("crm.json", '---\ncampaign: x\n---\n{"a": "{{ person.x }}"}', None),
    ],
)  # fmt: skip
def test_a_mistake_in_the_content_of_any_channel_is_told_with_its_line(shop, file: str, text: str, told: str | None):
    shop.write(f"messages/welcome/{file}", text)

    complaints = shop.complaints()

    if told is None:
        assert complaints == []
    else:
        assert len(complaints) == 1, complaints
        assert told in complaints[0]


def test_a_message_has_one_topic(shop):
    shop.write(EMAIL, mjml("Hello", "subject: Hi\ntopic: reminders"))
    shop.write("messages/welcome/sms.txt", "Hi\n")
    assert shop.load().messages["welcome"].topic == "reminders"
    assert not shop.load().messages["welcome"].transactional

    shop.write("messages/welcome/sms.txt", "---\ntopic: transactional\n---\nHi\n")

    (told,) = shop.complaints()
    assert "messages/welcome/sms.txt:2: topic: `transactional` here and `reminders` in another file" in told


def test_pictures_and_notes_may_lie_beside_the_content(shop):
    shop.write("messages/welcome/logo.png", "x")
    shop.write("messages/welcome/NOTES.md", "x")

    assert shop.complaints() == []


def test_an_empty_folder_and_a_stray_file_are_told(shop):
    (shop.root / "messages" / "later").mkdir()
    shop.write("messages/email.mjml", "x")

    assert shop.complaints() == [
        "messages/email.mjml: belongs in a folder with the message's name",
        "messages/later: has no content; a message's files are called email.mjml, email.html, sms.txt, whatsapp.txt, "
        "push.txt, web_push.txt, telegram.txt, chat.txt, crm.json, webhook.json",
    ]


def test_a_way_out_is_said_in_the_project_or_in_the_message(shop):
    shop.write(EMAIL, mjml("{{ unsubscribe_url }}", 'subject: Hi\nunsubscribe_url: "https://example.com/bye"'))
    assert shop.complaints() == []

    shop.write(EMAIL, mjml("{{ unsubscribe_url }}"))
    shop.change("tidegate.yml", "project: shop", "project: shop\nunsubscribe_url: https://example.com/bye")
    assert shop.complaints() == []


def test_lines_are_counted_through_comments_and_statements_of_several_lines(shop):
    shop.write(EMAIL, mjml("{# one\ntwo #}{{\nperson.x\n}}\n{%- if person.y -%}\na\n{%- endif %}\n<mj-txt>"))

    (told,) = shop.complaints()

    assert told == "messages/welcome/email.mjml:13: no element <mj-txt>; did you mean `mj-text`?"
