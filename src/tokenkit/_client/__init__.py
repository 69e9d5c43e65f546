"""Clients: options, methods, the start of a call."""
