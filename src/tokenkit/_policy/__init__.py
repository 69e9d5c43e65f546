"""Decisions without I/O: retries, timeouts, clock skew, what a failure means."""
