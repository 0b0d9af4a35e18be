"""Postmark's e-mail API: batches, a server, and the search for what was sent (postmarkapp.com/developer, 2026-11)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parseaddr
from typing import Any
from uuid import uuid4

from tidegate.connector import Target
from tidegate.sandbox.emulation import Answer, Call, Emulation, Route, Shelf

_ADDRESS = re.compile(r"[^\s@<>,;]+@[A-Za-z0-9.-]+")
_STREAMS = ("outbound", "broadcast", "broadcasts")
_FIELDS = {"From", "To", "Cc", "Bcc", "Subject", "Tag", "HtmlBody", "TextBody", "ReplyTo", "Headers", "TrackOpens"} | {
    "TrackLinks",
    "Metadata",
    "Attachments",
    "MessageStream",
}


class Postmark(Emulation):
    connector = "postmark"

    def routes(self) -> Sequence[Route]:
        return [
            Route("POST", "/email/batch", "send messages", self.batch),
            Route("POST", "/email", "send message", self.one),
            Route("GET", "/messages/outbound", "search messages", self.search),
            Route("GET", "/server", "show server", self.server),
        ]

    def throttled(self, after: float) -> Answer:
        said = super().throttled(after)
        return Answer(429, {"ErrorCode": 429, "Message": "Rate limit exceeded."}, said.headers)

    def unauthorized(self) -> Answer:
        words = "No Account or Server API tokens were supplied in the HTTP headers. Please add a header for either."
        return Answer(401, {"ErrorCode": 10, "Message": words})

    def held(self, shelf: Shelf, target: Target) -> dict[str, dict[str, Any]]:
        return {}

    def batch(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        mails = call.json()
        if not isinstance(mails, list) or not all(isinstance(mail, dict) for mail in mails):
            return Answer(422, {"ErrorCode": 403, "Message": "The input you have provided is malformed."})
        if len(mails) > 500:
            return Answer(422, {"ErrorCode": 410, "Message": f"You've attempted to send {len(mails)} messages."})
        answers = self._judge(call, mails)
        return Answer(200, answers, took=sum(answer["ErrorCode"] == 0 for answer in answers))

    def one(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        [answer] = self._judge(call, [call.json()])
        return Answer(200 if answer["ErrorCode"] == 0 else 422, answer, took=int(answer["ErrorCode"] == 0))

    def search(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        if not call.query.get("count", "").isdigit() or not call.query.get("offset", "").isdigit():
            return Answer(422, {"ErrorCode": 701, "Message": "You must specify count and offset."})
        wanted = {name[9:]: value for name, value in call.query.items() if name.startswith("metadata_")}
        found = [
            mail
            for mail in reversed(call.shelf.all("_sent").values())
            if mail["MessageStream"] == call.query.get("messagestream", "outbound")
            and wanted.items() <= mail["Metadata"].items()
        ]
        begin = int(call.query["offset"])
        page = found[begin : begin + int(call.query["count"])]
        return Answer(200, {"TotalCount": len(found), "Messages": page})

    def server(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        return Answer(200, {"ID": 1, "Name": "Tidegate's sandbox", "Color": "Blue", "SmtpApiActivated": True})

    def _judge(self, call: Call, mails: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        taken = call.take([[parseaddr(str(mail.get("To", "")))[1]] for mail in mails])
        good = set(taken.good)
        answers = []
        for place, mail in enumerate(mails):
            if place in taken.refused:
                answers.append({"ErrorCode": taken.codes.get(place, 406), "Message": taken.refused[place]})
            elif found := _wrong(mail):
                answers.append({"ErrorCode": found[0], "Message": found[1]})
            else:
                # what a fault keeps from being taken is answered for all the same: the answer is lost
                answers.append(self._sent(call.shelf, mail, keep=place in good))
        return answers

    def _sent(self, shelf: Shelf, mail: Mapping[str, Any], *, keep: bool) -> dict[str, Any]:
        identity, at = str(uuid4()), datetime.now(UTC).isoformat()
        metadata = dict(mail.get("Metadata") or {})
        if keep:
            stream = mail.get("MessageStream", "outbound")
            shown = {"MessageID": identity, "MessageStream": stream, "Metadata": metadata, "Status": "Sent"}
            shelf.put("_sent", identity, {**shown, "Subject": mail.get("Subject", ""), "ReceivedAt": at})
            shelf.keep(
                "email",
                parseaddr(mail["To"])[1],
                sender=mail["From"],
                subject=mail.get("Subject", ""),
                text=mail.get("TextBody", ""),
                html=mail.get("HtmlBody", ""),
                key=metadata.get("tidegate_key", ""),
                id=identity,
            )
        return {"To": mail["To"], "SubmittedAt": at, "MessageID": identity, "ErrorCode": 0, "Message": "OK"}


def _wrong(mail: Mapping[str, Any]) -> tuple[int, str] | None:
    """The error code and the words for a message that Postmark does not take."""
    if unknown := set(mail) - _FIELDS:
        return 403, f"The input you have provided is incompatible: {sorted(unknown)[0]}."
    if not _ADDRESS.fullmatch(parseaddr(str(mail.get("To", "")))[1]):
        return 300, "Invalid 'To' address: 'Error parsing To'."
    if not _ADDRESS.fullmatch(parseaddr(str(mail.get("From", "")))[1]):
        return 300, "Invalid 'From' address."
    if not mail.get("HtmlBody") and not mail.get("TextBody"):
        return 300, "Zero recipients specified or no body: provide either 'TextBody' or 'HtmlBody' or both."
    if mail.get("MessageStream", "outbound") not in _STREAMS:
        return 1235, "The 'MessageStream' provided does not exist on this server."
    metadata = mail.get("Metadata") or {}
    if len(metadata) > 10 or any(len(name) > 20 or len(str(value)) > 80 for name, value in metadata.items()):
        return 300, "Metadata is limited to 10 fields, names of 20 characters and values of 80."
    return None
