"""Strigo's Academy API."""
