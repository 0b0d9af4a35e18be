"""Delivery: claim what a destination is owed, send it, settle what came of it. Nothing lost, nothing sent twice.

deliver    one destination, one run
recover    settles what a run that was killed left behind
"""

from tidegate.delivery.deliver import deliver
from tidegate.delivery.recover import Recovered, recover

__all__ = ["Recovered", "deliver", "recover"]
