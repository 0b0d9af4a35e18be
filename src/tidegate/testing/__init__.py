"""For those who write a connector: the promises as tests to inherit, and servers to hold it to them.

Needs pytest and pytest-asyncio; nothing else of Tidegate imports this.
"""

import tidegate.testing.rewriting  # noqa: F401 (before the contract)
from tidegate.sandbox.asked import Answer, Asked
from tidegate.testing.contract import ConnectorContract
from tidegate.testing.emulated_wire import EmulatedWire
from tidegate.testing.faults import EVERY_FAULT, Fault, Wire
from tidegate.testing.graphql import GraphqlChecker
from tidegate.testing.http_wire import HttpWire
from tidegate.testing.judging import judged, settled
from tidegate.testing.network import NetworkContract
from tidegate.testing.openapi import RequestChecker
from tidegate.testing.smtp_wire import SmtpWire

__all__ = [
    "EVERY_FAULT",
    "Answer",
    "Asked",
    "ConnectorContract",
    "EmulatedWire",
    "Fault",
    "GraphqlChecker",
    "HttpWire",
    "NetworkContract",
    "RequestChecker",
    "SmtpWire",
    "Wire",
    "judged",
    "settled",
]
