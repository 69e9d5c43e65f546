"""``python -m tokenkit check``: whether a vendor can be called from here, and if not, why."""
