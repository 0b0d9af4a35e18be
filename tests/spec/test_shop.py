"""The shop's own files: the example that everybody starts from must be sound."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlglot import exp

from tidegate import build
from tidegate.channels import CHANNELS
from tidegate.render import Renderer
from tidegate.spec import templating
from tidegate.spec.columns import problems_by_audience
from tidegate.spec.journey_objects import SendStep, WebhookStep
from tidegate.spec.objects import Content, Project
from tidegate.spec.project import load
from tidegate.templates.variables import used

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def project() -> Project:
    return load(ROOT)


def test_every_audience_and_message_is_loaded_for_every_target(project):
    files = {path.relative_to(ROOT).as_posix() for path in (ROOT / "audiences").glob("*.yml")}

    assert {audience.file for audience in project.audiences.values()} == files
    assert set(project.messages) == {path.name for path in (ROOT / "messages").iterdir() if path.is_dir()}
    assert load(ROOT, "prod").audiences == project.audiences


def test_every_message_is_sent_by_somebody(project):
    sent = {
        send.message
        for audience in project.audiences.values()
        for send in (*audience.on_enter, *audience.on_exit, *audience.sends)
    } | {
        step.send.message
        for journey in project.journeys.values()
        for step in journey.steps
        if isinstance(step, SendStep | WebhookStep)
    }

    assert sent == set(project.messages)


def test_files_fit_the_models_as_they_are_built(project):
    models = build.columns(ROOT, "dev").model_columns()

    qualified, problems = problems_by_audience(project, models)

    assert problems == {}
    columns = [
        column
        for audience in qualified.audiences.values()
        for sync in audience.sync
        for tree in (*sync.match.values(), *sync.set.values())
        for column in tree.find_all(exp.Column)
    ]
    assert columns
    assert all(column.table in ("entry", "person") for column in columns)


def test_every_message_says_something_to_somebody_of_whom_nothing_is_known_but_what_it_needs(project):
    renderer = Renderer(project)
    for message in project.messages.values():
        for (channel, language), content in message.contents.items():
            rows = _rows(content)
            rows["person"][project.key] = 12347

            made = renderer.render(message.name, channel, language, rows["person"], rows["entry"], {})

            assert set(CHANNELS[channel].required) <= set(made)
            assert all(made[key] for key in CHANNELS[channel].required)
            assert "{{" not in str(made)
            assert "{%" not in str(made)


def _rows(content: Content) -> dict[str, dict[str, object]]:
    """A value for each variable; of those with a default, NULL."""
    rows: dict[str, dict[str, object]] = {"person": {}, "entry": {}}
    for template in templating.templates(content):
        for variable in used(template.source):
            if variable.name in rows and variable.column:
                optional = f"{variable.name}.{variable.column} | default(" in template.source
                dated = variable.column.endswith(("_at", "_on"))
                value = None if optional else "2011-10-03 10:00:00+00" if dated else "12.50"
                rows[variable.name][variable.column] = value
    return rows
