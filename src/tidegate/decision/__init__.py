"""Steps 4 to 9 of a run, in one transaction: see `tidegate.decision.decide.decide`."""
