"""Renders messages: templates compiled once, then tens of thousands of people a second."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tidegate.spec.objects import Content, MessageSpec, Project
from tidegate.templates.answers import Answers
from tidegate.templates.content import Compiled, Render, RenderError, compiled, header, rendered, scope
from tidegate.templates.filters import known_language

__all__ = ["RenderError", "Renderer"]

_MOST_KEPT = 2_000


class Renderer:
    """The messages of a project. Templates are compiled when first used and kept; use one from one thread."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._compiled: dict[tuple[str, str, str], tuple[Content, Compiled]] = {}
        self._tags: dict[tuple[str, str], str] = {}
        self._unsubscribe: Render | None = (
            header(project.unsubscribe_url) if project.unsubscribe_url is not None else None
        )

    def render(
        self,
        message_name: str,
        channel: str,
        language: str | None,
        person: Mapping[str, Any],
        entry: Mapping[str, Any],
        extra: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The keys that `tidegate.channels` lists for the channel, of those that there is content for.

        `language` is the person's (`pl`, `pt-BR`); where there is no content in it, the default is taken.
        `extra` are further values in scope, such as `unsubscribe_url`, or `step`: what webhooks answered. Raises
        RenderError.
        """
        content, parts = self._content(message_name, channel, language or "")
        given = {
            "message": message_name,
            "channel": channel,
            "project": self.project.name,
            "time_zone": self.project.time_zone,
            "language": self._tag(content.language or self.project.language, language or ""),
            "step": Answers(),
            **(extra or {}),
            "person": person,
            "entry": entry,
        }
        values = scope(given)
        result: dict[str, Any] = {}
        address = parts.get("unsubscribe_url") or (None if "unsubscribe_url" in values else self._unsubscribe)
        if address is not None:
            values["unsubscribe_url"] = rendered(address, values, content.file)
        if values.get("unsubscribe_url") and channel == "email":
            result["unsubscribe_url"] = values["unsubscribe_url"]
        for key, part in parts.items():
            if key != "unsubscribe_url":
                result[key] = rendered(part, values, content.file)
        if "template" in result:
            # Of the file, not of the person: platforms know a template by the exact language it was made in.
            result.setdefault("language", content.language or self.project.language)
        return result

    def _content(self, name: str, channel: str, language: str) -> tuple[Content, Mapping[str, Render]]:
        known = self._compiled.get((name, channel, language))
        if known is None:
            content = content_for(self.project.messages[name], channel, language or None)
            known = (content, compiled(content))
            if len(self._compiled) > _MOST_KEPT:
                self._compiled.clear()  # `language` is data, and data may hold anything
            self._compiled[name, channel, language] = known
        return known[0], known[1].parts

    def _tag(self, written: str, language: str) -> str:
        """The language that the text is in, in the person's own variety of it (`en-GB`) where that is known."""
        tag = self._tags.get((written, language))
        if tag is None:
            own = language.replace("_", "-")
            same = own.lower().split("-")[0] == written.lower().split("-")[0]
            tag = own if same and known_language(own) else written
            if len(self._tags) > _MOST_KEPT:
                self._tags.clear()
            self._tags[written, language] = tag
        return tag


def content_for(message: MessageSpec, channel: str, language: str | None) -> Content:
    """The content nearest to a language: `pt-BR`, else `pt`, else the default. Raises RenderError."""
    if language:
        wanted = language.replace("_", "-").lower()
        by_tag = {tag.lower(): tag for name, tag in message.contents if name == channel and tag is not None}
        for tag in (wanted, wanted.split("-")[0]):
            if tag in by_tag:
                return message.contents[channel, by_tag[tag]]
    try:
        return message.contents[channel, None]
    except KeyError:
        raise RenderError(f"message `{message.name}` has no content for {channel}") from None
