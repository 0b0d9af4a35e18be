"""The flows that Prefect runs. They call the engine and show what it answers; everything else is in `tidegate`."""
