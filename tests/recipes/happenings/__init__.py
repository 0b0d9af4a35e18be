"""What people do while the story of the recipes goes on: one module a recipe, called like it.

A module has `before(story, at)`, which is called ahead of every run with the run's clock. There people may do what the
shop's data does not have: `story.did(...)`, `story.consents(...)`. What happens must come after the run before.
"""
