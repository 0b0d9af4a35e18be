"""One HTTP call to a platform, and what its failure means for the rows that it carried.

The question is always whether the other side may have acted. It cannot have before the body was sent;
after that only its own answer tells, and a broken one leaves it in doubt.
"""

from __future__ import annotations

import json as json_
import math
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Annotated, Any
from urllib.parse import urlencode

import aiohttp
import orjson
from aiohttp.abc import AbstractStreamWriter
from pydantic import AfterValidator, Field

from tidegate.connecting.deadlines import Deadline
from tidegate.connecting.exchange import tell
from tidegate.errors import Closed, DestinationError, InDoubt, Refused, Retryable
from tidegate.mask import mask, words

#: more than any platform answers to a batch; a longer body is not read to its end
LARGEST_BODY = 8 * 1024 * 1024
#: as digits of a number more than 64 bits may hold, which orjson makes inexact; they may also be part of a text
_LONG_NUMBER = re.compile(rb"\d{19}")
#: dates and the like are for the connector to write as its platform wants them: an error, not a guess
_NOTHING_MORE = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
#: where a platform is called, as a setting; paths are put behind it, so a slash at its end is taken off
BaseUrl = Annotated[str, Field(pattern=r"^https?://"), AfterValidator(lambda url: url.rstrip("/"))]


_shortened: tuple[aiohttp.ClientTimeout | None, aiohttp.ClientTimeout] = None, aiohttp.ClientTimeout()


@dataclass(slots=True)  # not frozen: one is made for each of a million calls
class Reply:
    """An answer: headers are found by their names in any case. `safe` says whether the call that it answers may be
    repeated."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    safe: bool = False
    hide: tuple[str, ...] = ()

    def json(self) -> Any:
        """The body as JSON. A body that is not (empty, HTML, cut short) leaves it in doubt what happened."""
        found = self.peek()
        if found is None:
            what = "garbled" if self.body.strip() else "empty"
            raise doubtful(self.safe, what, f"HTTP {self.status} {self.detail}".strip())
        return found

    def object(self, *names: str) -> dict[str, Any]:
        """The body as a JSON object that has these keys. Anything else leaves it in doubt what happened."""
        found = self.json()
        if not isinstance(found, dict) or any(name not in found for name in names):
            raise doubtful(self.safe, "garbled", f"HTTP {self.status} without {', '.join(names) or 'an object'}")
        return found

    def told(self, name: str) -> str:
        """What the body, a JSON object, has under `name`: an id mostly. Without it, it is in doubt what happened."""
        found = self.object(name)[name]
        if not found:
            raise doubtful(self.safe, "garbled", f"HTTP {self.status} without {name}")
        return str(found)

    def peek(self, *names: str) -> Any:
        """The body as JSON, or what it has under these keys, one within the other; None where it has nothing."""
        found = _loaded(self.body)
        for name in names:
            found = found.get(name) if isinstance(found, dict) else None
        return found

    @property
    def detail(self) -> str:
        """The other side's words, masked and trimmed."""
        text = self.body[:LARGEST_BODY].decode("utf-8", "replace")
        if "html" in self.headers.get("content-type", "") or text.lstrip()[:1] == "<":
            text = words(text)
        return mask(text, self.hide)

    @property
    def after(self) -> float | None:
        return retry_after(self.headers.get("retry-after"))

    def until(self, header: str) -> float | None:
        """`after`, or else the seconds until the time that `header` holds, in seconds since 1970."""
        if self.after is not None:
            return self.after
        try:
            return max(float(self.headers[header]) - time.time(), 0.0)
        except (KeyError, ValueError):
            return None


Judge = Callable[[Reply], DestinationError | None]


async def call(
    session: aiohttp.ClientSession,
    method: str,
    url: str,
    *,
    safe_to_repeat: bool,
    headers: Mapping[str, str] | None = None,
    params: Mapping[str, str] | None = None,
    json: Any = None,
    form: Mapping[str, str] | None = None,
    body: bytes | None = None,
    judge: Judge | None = None,
    hide: Iterable[str] = (),
    within: float | None = None,
    rows: int | None = None,
) -> Reply:
    """Make one call and return its 2xx answer; everything else is raised as a DestinationError.

    At most one of `json`, `form` and `body` is sent. `safe_to_repeat`: the call changes nothing the second
    time, so doubt becomes a retry. `judge` sees an answer that is not 2xx first, for what the platform means
    by it; None leaves it to the rules here. `hide` lists secrets to keep out of the text of errors. `within`
    is the time-out in seconds, otherwise the session's. `rows` is for the log of requests, where the request
    carries another number than the connector was given.

    Raises Retryable (not connected, 408, 425, 429, a redirect, a 503 that says when to come again), Closed (401,
    403: the account is at fault, no row is), Refused (any other 4xx), InDoubt (303, any other 5xx, a broken
    connection or time-out after the request left; Retryable when safe to repeat).
    """
    secrets = tuple(hide)
    sending = _Body(*_encoded(json, form, body))
    response: aiohttp.ClientResponse | None = None
    reply: Reply | None = None
    wrong: DestinationError | None = None
    read = bytearray()
    began = time.perf_counter()
    try:
        with Deadline(session.timeout.total if within is None else within):
            async with session.request(
                method,
                url,
                headers=headers,
                params=params,
                data=sending if sending.size else None,
                allow_redirects=False,
                timeout=_without_total(session.timeout),
            ) as response:
                whole = await _read(response, read)
                reply = Reply(response.status, response.headers, whole, safe_to_repeat, secrets)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as fault:
        if response is None or response.status < 400 or not isinstance(fault, (aiohttp.ClientError, TimeoutError)):
            wrong = _broken(fault, sending, safe_to_repeat, secrets)
        else:
            # The status of a refusal stands even where its body was cut; an acceptance must be read whole.
            reply = Reply(response.status, response.headers, bytes(read), safe_to_repeat, secrets)
    if reply is not None and not 200 <= reply.status < 300:
        wrong = (judge(reply) if judge else None) or _judged(reply)
    tell(
        method,
        _path(url),
        status=reply.status if reply else None,
        seconds=time.perf_counter() - began,
        rows=rows,
        failed=wrong is not None,
        said=str(wrong) if wrong else "",
        headers=reply.headers if reply else None,
        hide=secrets,
    )
    if wrong is None:
        assert reply is not None
        return reply
    # Not chained: aiohttp's exceptions carry the request with its credentials.
    raise wrong from None


def retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Seconds from a Retry-After header (RFC 9110, 10.2.3): a number, or a date. None where it says nothing, as does
    a date that is over: one of the two clocks is wrong, and to call again at once would be asked for by nobody."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            date = parsedate_to_datetime(value)
        except ValueError:
            return None
        seconds = (date.replace(tzinfo=date.tzinfo or UTC) - (now or datetime.now(UTC))).total_seconds()
        return seconds if seconds > 0 else None
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def doubtful(safe_to_repeat: bool, reason: str, detail: str = "") -> DestinationError:
    """InDoubt, or Retryable where repeating does no harm."""
    return Retryable(reason, detail) if safe_to_repeat else InDoubt(reason, detail)


class _Body(aiohttp.Payload):
    """The request's body, which knows whether it was handed to the connection whole."""

    _slice = 256 * 1024

    def __init__(self, value: bytes, content_type: str) -> None:
        super().__init__(value, content_type=content_type)
        self._size = len(value)
        self.left = False

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        text: str = self._value.decode(encoding, errors)
        return text

    async def write(self, writer: AbstractStreamWriter) -> None:
        end = len(self._value)
        for start in range(0, end, self._slice):
            # Until the last slice is on its way, the other side has nothing that it could act upon.
            self.left = start + self._slice >= end
            await writer.write(self._value[start : start + self._slice])


def _encoded(json: Any, form: Mapping[str, str] | None, body: bytes | None) -> tuple[bytes, str]:
    if json is not None:
        return _dumped(json), "application/json"
    if form is not None:
        return urlencode(form).encode(), "application/x-www-form-urlencoded"
    return body or b"", "application/json"


def _dumped(value: Any) -> bytes:
    try:
        return orjson.dumps(value, option=_NOTHING_MORE)
    except TypeError:  # numbers of more than 64 bits, or as keys
        return json_.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _loaded(body: bytes) -> Any:
    """None where it is no JSON."""
    try:
        if not _LONG_NUMBER.search(body):
            return orjson.loads(body)
    except ValueError:  # also NaN and other things that Python's own reads
        pass
    try:
        return json_.loads(body)
    except (ValueError, RecursionError):
        return None


def _without_total(timeout: aiohttp.ClientTimeout) -> aiohttp.ClientTimeout:
    """What is left to aiohttp: `Deadline` ends the whole. A session has one time-out for all of its calls."""
    global _shortened
    known = _shortened  # several threads have a session each
    if timeout is not known[0]:
        rest = aiohttp.ClientTimeout(total=None, sock_connect=timeout.sock_connect, sock_read=timeout.sock_read)
        _shortened = known = timeout, rest
    return known[1]


async def _read(response: aiohttp.ClientResponse, found: bytearray) -> bytes:
    """The body, of a long one its beginning; into `found` as it comes, where that is of use without its end."""
    if response.status < 300 and 0 < (response.content_length or 0) < LARGEST_BODY and not _packed(response):
        return await response.read()
    async for chunk in response.content.iter_any():
        found += chunk
        if len(found) > LARGEST_BODY:
            response.close()
            break
    return bytes(found)


def _packed(response: aiohttp.ClientResponse) -> bool:
    """Whether it may be longer than it says."""
    return "Content-Encoding" in response.headers


def _broken(fault: Exception, sending: _Body, safe: bool, hide: tuple[str, ...]) -> DestinationError:
    detail = mask(_first_line(fault) or type(fault).__name__, hide)
    if isinstance(fault, (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError)):
        return Closed("bad_address", "the address of this destination is not a valid URL")
    not_connected = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ServerFingerprintMismatch)
    if isinstance(fault, not_connected) or (sending.size and not sending.left):
        return Retryable("unreachable", detail)
    if isinstance(fault, TimeoutError):
        return doubtful(safe, "timeout", "no answer came in time")
    return doubtful(safe, "cut_off", detail)


def _judged(reply: Reply) -> DestinationError:
    # A proxy's page often begins with the status.
    status, said = reply.status, f"HTTP {reply.status} {reply.detail.removeprefix(str(reply.status)).strip()}".strip()
    if status in (401, 403):
        return Closed("unauthorized", said)
    if status == 429:
        return Retryable("throttled", said, reply.after)
    if status in (408, 425) or (status == 503 and (reply.safe or _turned_away(reply))):
        return Retryable("unavailable", said, reply.after)
    if status == 503:
        return InDoubt("unavailable", said)
    if status == 303:
        # "to indicate that the server is redirecting ... to provide an indirect response" (RFC 9110, 15.4.4): it acted.
        return doubtful(reply.safe, "redirected", said)
    if status < 400:
        # Following it would hand personal data to an address that nobody configured.
        return Retryable("redirected", said)
    if status < 500:
        return Refused(f"http_{status}", said)
    return doubtful(reply.safe, f"http_{status}", said)


def _turned_away(reply: Reply) -> bool:
    """Whether a 503 comes from who would have acted, and did not.

    It means "currently unable to handle the request" (RFC 9110, 15.6.4), and a `Retry-After` asks for the same request
    again. But gateways say 503 as well when the server behind them breaks off after it was given the request: Envoy
    for a terminated connection (response flag UC), Varnish for a failed fetch, in a page with a `Retry-After` of its
    own. What a platform means by the 503 in its own words is for `judge`.
    """
    page = "html" in reply.headers.get("content-type", "") or reply.body.lstrip()[:1] == b"<"
    return reply.after is not None and not page


def _path(url: str) -> str:
    """Of any text, also one that is no URL."""
    return "/" + url.partition("?")[0].partition("://")[2].partition("/")[2]


def _first_line(fault: Exception) -> str:
    text = str(getattr(fault, "strerror", None) or fault)
    return text.splitlines()[0] if text else ""
