"""Access tokens by OAuth 2: asked for when they are needed, shared within the process, never logged.

ServiceAccount       Google: an assertion signed with the account's key (RFC 7523, 2.1)
JwtBearer            the same for whoever else takes it; Salesforce's JWT bearer flow
RefreshToken         a person granted access once (RFC 6749, 6)
ClientCredentials    the application itself is the account (RFC 6749, 4.4)

A token is kept under a hash of what it was asked for with, so destinations that use one account share it; it is
asked for anew a minute before it ends, once, however many calls wait for it. Nothing is written to disk.

What `get` raises: Closed `unauthorized` where a person must mend the credentials, and how; Retryable where the
network or the token's server fails (asking for a token changes nothing, so it may always be asked for again).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp

from tidegate.connecting.http import Reply, call
from tidegate.errors import Closed, DestinationError, Retryable
from tidegate.mask import mask

GOOGLE = "https://oauth2.googleapis.com/token"

#: a token is not used in its last minute, nor in the last half of a shorter life
_MARGIN = 60.0
#: of a token whose life is not told, as Salesforce's is not; its sessions last 15 minutes at least
_LIFE = 900.0
#: "The assertion can be valid for at most 1 hour" (developers.google.com/identity/protocols/oauth2/service-account,
#: read 2026-11); Salesforce wants at most some minutes
_ASSERTION_LIFE = 180
_LATER = frozenset({"temporarily_unavailable", "server_error", "internal_failure", "slow_down"})


@dataclass(frozen=True, slots=True)
class Granted:
    """A token, and the whole answer that it came with (Salesforce's `instance_url`). `until` is on `clock`."""

    token: str = field(repr=False)
    until: float
    said: Mapping[str, Any] = field(repr=False)
    account: str


class _Kept:
    """What the process knows of one account's token. `asking` is the exchange that goes on, in whichever thread."""

    def __init__(self) -> None:
        self.granted: Granted | None = None
        self.asking: Future[Granted | None] | None = None
        self.refresh_token = ""


clock: Callable[[], float] = time.monotonic
_kept: dict[str, _Kept] = {}
_lock = threading.Lock()
#: what `get` gave to this task: a call that was refused forgets the token that it used, not the next one
_given: ContextVar[Granted | None] = ContextVar("tidegate_token", default=None)


class _Flow:
    """What the flows share. `_ask` is the form to post, `_mend` what a person must do about an error."""

    def __init__(self, token_url: str, *credentials: str) -> None:
        self.token_url = token_url
        known = json.dumps([type(self).__name__, token_url, *credentials]).encode()
        self._key = hashlib.sha256(known).hexdigest()
        with _lock:
            self._account = _kept.setdefault(self._key, _Kept())

    async def get(self, session: aiohttp.ClientSession) -> str:
        """A bearer token that holds for a minute at least. Raises Closed, Retryable: see the module."""
        return (await self.granted(session)).token

    async def granted(self, session: aiohttp.ClientSession) -> Granted:
        """The token with what came along with it."""
        while True:
            with _lock:
                account = self._account
                if account.granted is not None and clock() < account.granted.until:
                    _given.set(account.granted)
                    return account.granted
                asking, first = account.asking, account.asking is None
                if asking is None:
                    asking = account.asking = Future()
                    asking.set_running_or_notify_cancel()  # no waiter may cancel it
            if first:
                await self._exchange(session, asking)
            found = await asyncio.wrap_future(asking)
            if found is not None:
                _given.set(found)
                return found

    def forget(self) -> None:
        """The platform did not take the token: the next `get` asks for another, unless somebody has already."""
        used = _given.get()
        with _lock:
            now = self._account.granted
            if now is not None and (used is None or used.account != self._key or used.token == now.token):
                self._account.granted = None

    async def _exchange(self, session: aiohttp.ClientSession, asking: Future[Granted | None]) -> None:
        """Ends `asking`, in any case: with None where this task was cancelled, and another must ask."""
        found: Granted | None = None
        fault: Exception | None = None
        try:
            found = await self._fetch(session)
        except Exception as raised:
            fault = raised
        finally:
            with _lock:
                self._account.granted, self._account.asking = found, None
            if fault is not None:
                asking.set_exception(fault)
            else:
                asking.set_result(found)

    async def _fetch(self, session: aiohttp.ClientSession) -> Granted:
        form, headers, hide = await self._ask()
        began = clock()
        reply = await call(
            session,
            "POST",
            self.token_url,
            safe_to_repeat=True,
            form=form,
            headers={"Accept": "application/json", **headers},
            judge=self._judge,
            hide=hide,
            rows=0,
        )
        said = reply.json()
        token = said.get("access_token") if isinstance(said, dict) else None
        if not isinstance(token, str) or not token:
            raise self._judge(reply) or Retryable("garbled", f"{self._host} answered without a token")
        if isinstance(rotated := said.get("refresh_token"), str):
            self._account.refresh_token = rotated
        life = _seconds(said.get("expires_in"))
        return Granted(token, began + max(life - _MARGIN, life / 2), said, self._key)

    def _judge(self, reply: Reply) -> DestinationError | None:
        found = reply.peek()
        error = str(found.get("error", "")) if isinstance(found, dict) else ""
        if reply.status == 429 or reply.status >= 500 or (not error and reply.status < 400):
            return None
        if error in _LATER:
            return Retryable("unavailable", f"{self._host}: {error}", reply.after)
        said = str(found.get("error_description") or "") if isinstance(found, dict) else reply.detail
        what = mask(" ".join(part for part in (error or f"HTTP {reply.status}", said) if part), reply.hide)
        mend = "check `token_url`" if reply.status in (404, 405, 410) else self._mend(error)
        return Closed("unauthorized", f"{self._host} gives no access: {what}; {mend}")

    @property
    def _host(self) -> str:
        return urlsplit(self.token_url).hostname or "the token's server"

    async def _ask(self) -> tuple[dict[str, str], dict[str, str], tuple[str, ...]]:
        """The form, further headers, and what no error may show."""
        raise NotImplementedError

    def _mend(self, error: str) -> str:
        raise NotImplementedError


class RefreshToken(_Flow):
    """A token that a person granted. `in_header`: the client's id and secret go as HTTP Basic (RFC 6749, 2.3.1),
    which some platforms insist on, others do not know. `more` joins the form.

    Where the platform hands out a new refresh token each time, the process goes on with the newest.
    """

    def __init__(
        self,
        token_url: str,
        client_id: str,
        client_secret: str,
        refresh_token: str,
        *,
        in_header: bool = False,
        more: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(token_url, client_id, client_secret, refresh_token, json.dumps(dict(more or {})))
        self._client = (client_id, client_secret)
        self._refresh_token = refresh_token
        self._in_header = in_header
        self._more = dict(more or {})

    async def _ask(self) -> tuple[dict[str, str], dict[str, str], tuple[str, ...]]:
        newest = self._account.refresh_token or self._refresh_token
        form = {"grant_type": "refresh_token", "refresh_token": newest, **self._more}
        form, headers = _introduced(form, *self._client, self._in_header)
        return form, headers, (self._client[1], self._refresh_token, newest)

    def _mend(self, error: str) -> str:
        if error == "invalid_grant":
            return "`refresh_token` is no longer good: give access again, and put the new one into the settings"
        return "check `client_id`, `client_secret` and `refresh_token`"


class ClientCredentials(_Flow):
    """The application's own access. `more` joins the form (`scope`, `audience`)."""

    def __init__(
        self,
        token_url: str,
        client_id: str,
        client_secret: str,
        more: Mapping[str, str] | None = None,
        *,
        in_header: bool = False,
    ) -> None:
        super().__init__(token_url, client_id, client_secret, json.dumps(dict(more or {})))
        self._client = (client_id, client_secret)
        self._in_header = in_header
        self._more = dict(more or {})

    async def _ask(self) -> tuple[dict[str, str], dict[str, str], tuple[str, ...]]:
        form, headers = _introduced({"grant_type": "client_credentials", **self._more}, *self._client, self._in_header)
        return form, headers, (self._client[1],)

    def _mend(self, error: str) -> str:
        if error in ("invalid_scope", "access_denied"):
            return "the application lacks the permissions that this connector's page lists"
        return "check `client_id` and `client_secret`"


class JwtBearer(_Flow):
    """An assertion signed with an RSA key (PEM), instead of a password.

    Salesforce: `issuer` is the connected app's consumer key, `subject` the user, `audience` the login host, for
    which that user has approved the app ("OAuth 2.0 JWT Bearer Flow", help.salesforce.com, read 2026-11).
    """

    def __init__(
        self,
        token_url: str,
        *,
        issuer: str,
        audience: str,
        private_key: str,
        subject: str = "",
        key_id: str | None = None,
        claims: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(token_url, issuer, audience, private_key, subject, json.dumps(dict(claims or {})))
        self._private_key = private_key
        self._key_id = key_id
        self._claims = {"iss": issuer, "aud": audience, **({"sub": subject} if subject else {}), **(claims or {})}

    async def _ask(self) -> tuple[dict[str, str], dict[str, str], tuple[str, ...]]:
        now = int(time.time())
        # Loading the library and signing take a while; other destinations go on meanwhile.
        assertion = await asyncio.to_thread(
            _signed, {**self._claims, "iat": now, "exp": now + _ASSERTION_LIFE}, self._private_key, self._key_id
        )
        if assertion is None:
            raise Closed("unauthorized", "the private key is no RSA key in PEM; " + self._mend("invalid_key"))
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
        return form, {}, (assertion,)

    def _mend(self, error: str) -> str:
        if error == "invalid_key":
            return "put the whole key into the settings, from BEGIN to END, with its line breaks"
        return "check that the key, the client and the user belong together and are approved, and this machine's clock"


class ServiceAccount(JwtBearer):
    """A Google service account. `key_json` is the text of the key file that Google hands out.

    `subject` is a user to act for, where the workspace's administrator allows it. Where `token_uri` is not given
    it is Google's: what the file says is not trusted with where its own assertion goes.
    """

    def __init__(self, key_json: str, scopes: Sequence[str], *, token_uri: str = GOOGLE, subject: str = "") -> None:
        key = _object(key_json)
        super().__init__(
            token_uri,
            issuer=str(key.get("client_email", "")),
            # Google checks that it is meant itself, wherever the request was led.
            audience=GOOGLE,
            private_key=str(key.get("private_key", "")),
            subject=subject,
            key_id=str(key["private_key_id"]) if "private_key_id" in key else None,
            claims={"scope": " ".join(scopes)},
        )
        self._missing = [name for name in ("client_email", "private_key") if not key.get(name)]

    async def _ask(self) -> tuple[dict[str, str], dict[str, str], tuple[str, ...]]:
        if self._missing:
            raise Closed(
                "unauthorized",
                f"the key of the service account is no JSON with {' and '.join(self._missing)}; "
                "put the whole text of the key file into the settings",
            )
        return await super()._ask()

    def _mend(self, error: str) -> str:
        if error in ("invalid_scope", "unauthorized_client", "access_denied"):
            return "the service account lacks the permissions that this connector's page lists"
        if error == "invalid_key":
            return "put the whole text of the key file into the settings"
        return "check that the service account and its key still exist, and this machine's clock"


def _introduced(
    form: dict[str, str], client_id: str, client_secret: str, in_header: bool
) -> tuple[dict[str, str], dict[str, str]]:
    if not in_header:
        return {**form, "client_id": client_id, "client_secret": client_secret}, {}
    pair = f"{quote(client_id, safe='')}:{quote(client_secret, safe='')}"
    return form, {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _signed(claims: Mapping[str, Any], private_key: str, key_id: str | None) -> str | None:
    from google.auth import crypt, jwt

    try:
        signer = crypt.RSASigner.from_string(private_key, key_id)  # type: ignore[no-untyped-call]
        return str(jwt.encode(signer, dict(claims)), "ascii")  # type: ignore[no-untyped-call]
    except (ValueError, TypeError):
        return None


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _seconds(value: Any) -> float:
    try:
        return max(float(value), 0.0) if value is not None else _LIFE
    except (TypeError, ValueError):
        return _LIFE
