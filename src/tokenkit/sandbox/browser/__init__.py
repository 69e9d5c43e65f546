"""Stand-ins of the vendors' browser modules."""
