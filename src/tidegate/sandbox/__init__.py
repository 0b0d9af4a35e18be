"""The sandbox: an embedded default destination that keeps what it is sent, shows it, and misbehaves to order."""

from tidegate.sandbox.credentials import SECRET
from tidegate.sandbox.endpoints import Endpoints
from tidegate.sandbox.faults import Fault
from tidegate.sandbox.running import RunningSandbox, Sandbox, connect, sandbox_for
from tidegate.sandbox.serving import PORT, serve
from tidegate.sandbox.settings import settings_for
from tidegate.sandbox.store import Store

__all__ = [
    "PORT",
    "SECRET",
    "Endpoints",
    "Fault",
    "RunningSandbox",
    "Sandbox",
    "Store",
    "connect",
    "sandbox_for",
    "serve",
    "settings_for",
]
