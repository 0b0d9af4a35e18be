"""The files a user writes, checked and as objects: see `tidegate.spec.project.load`."""
