"""Stand-ins for the vendors' browser modules."""
