"""Journeys: everybody who walks through one is moved by a few statements over sets."""
