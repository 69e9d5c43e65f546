"""A call as a value: fields, checks, reading and writing."""
