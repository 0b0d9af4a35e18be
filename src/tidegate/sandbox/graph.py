"""How Meta's Graph API words errors, reads a request and knows who is calling.

Codes: developers.facebook.com/docs/graph-api/guides/error-handling and .../overview/rate-limiting (2026-11).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import math
import secrets
from typing import Any

from tidegate.sandbox.credentials import SECRET
from tidegate.sandbox.emulation import Answer, Call, Declined
from tidegate.sandbox.faults import Fault

_DOCS = "Please read the Graph API documentation at https://developers.facebook.com/docs/graph-api"
_PROOF = hmac.new(SECRET.encode(), SECRET.encode(), hashlib.sha256).hexdigest()


def error(
    status: int,
    code: int,
    message: str,
    *,
    type: str = "OAuthException",
    subcode: int | None = None,
    transient: bool | None = None,
) -> Answer:
    """A Graph API error; each with a new `fbtrace_id`."""
    body: dict[str, Any] = {"message": message, "type": type, "code": code}
    if subcode is not None:
        body["error_subcode"] = subcode
    if transient is not None:
        body["is_transient"] = transient
    return Answer(status, {"error": {**body, "fbtrace_id": f"A{secrets.token_urlsafe(16)}"}})


def invalid(message: str, subcode: int | None = None) -> Declined:
    return Declined(error(400, 100, message, subcode=subcode))


def unknown_object(id: str, method: str) -> Declined:
    """The error that also stands for "you may not see it"."""
    words = (
        f"Unsupported {method.lower()} request. Object with ID '{id}' does not exist, cannot be loaded due to "
        f"missing permissions, or does not support this operation. {_DOCS}"
    )
    return Declined(error(400, 100, words, type="GraphMethodException", subcode=33))


def throttled(fault: Fault, account: str) -> Answer:
    """Too many calls to the ad account's custom audiences. Graph says it with a 400, and in minutes."""
    words = (
        "There have been too many calls to this ad-account. Wait a bit and try again. For more info, please refer "
        "to https://developers.facebook.com/docs/graph-api/overview/rate-limiting#ads-management."
    )
    reply = error(fault.status or 400, fault.code or 80003, fault.reason or words, subcode=2446079, transient=True)
    minutes = math.ceil(fault.after / 60)
    usage = {
        account: [
            {
                "type": "custom_audience",
                "call_count": 100,
                "total_cputime": 25,
                "total_time": 25,
                "estimated_time_to_regain_access": minutes,
            }
        ]
    }
    headers = {"Retry-After": str(math.ceil(fault.after)), "X-Business-Use-Case-Usage": json.dumps(usage)}
    return Answer(reply.status, reply.body, headers)


def failed(fault: Fault) -> Answer:
    status = fault.status or 500
    if status >= 500:
        words = fault.reason or "An unexpected error has occurred. Please retry your request later."
        return error(status, fault.code or 2, words, transient=True)
    return error(status, fault.code or 1, fault.reason or "An unknown error occurred", transient=False)


def fields(call: Call) -> dict[str, Any]:
    """The parameters of a request, from its query, form or JSON body; the token is checked and taken out."""
    given: dict[str, Any] = dict(call.query)
    media = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media == "application/json" and call.asked.body:
        try:
            body = call.asked.json()
        except ValueError:
            raise invalid("(#100) The body is not valid JSON") from None
        given.update(body if isinstance(body, dict) else {})
    elif call.asked.method != "GET" and call.asked.body:
        given.update(call.form())
    _check_token(call, given)
    return given


def parsed(given: dict[str, Any], name: str) -> Any:
    """A parameter that is JSON: as text in a form, or as it is in a JSON body. None when it is not given."""
    value = given.get(name)
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise invalid(f"(#100) Param {name} must be a valid JSON text") from None


def _check_token(call: Call, given: dict[str, Any]) -> None:
    scheme, _, bearer = call.headers.get("authorization", "").partition(" ")
    token = given.pop("access_token", None) or (bearer if scheme.lower() in ("bearer", "oauth") else None)
    proof = given.pop("appsecret_proof", None)
    challenge = {"WWW-Authenticate": 'OAuth "Facebook Platform" "invalid_token" "Invalid OAuth access token."'}
    if not token:
        reply = error(401, 104, "An access token is required to request this resource.")
    elif token != SECRET:
        reply = error(401, 190, "Invalid OAuth access token - Cannot parse access token")
    elif proof is not None and proof != _PROOF:
        reply = error(400, 100, "Invalid appsecret_proof provided in the API argument", type="GraphMethodException")
    else:
        return
    raise Declined(Answer(reply.status, reply.body, challenge))
