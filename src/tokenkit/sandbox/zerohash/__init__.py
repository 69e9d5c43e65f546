"""zerohash's client access tokens, and what they start."""
