"""Clients: their options, their methods, the start of a call."""
