"""Tokens that are kept and used again."""
