"""The web page at ``GET /``."""
