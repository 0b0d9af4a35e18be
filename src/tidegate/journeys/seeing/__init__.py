"""What people see of journeys: the graph with everybody in it, who was told what, and how it went."""
