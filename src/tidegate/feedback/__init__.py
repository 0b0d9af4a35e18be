"""What people did with messages, and what they consented to: read from files, and taken into account."""
