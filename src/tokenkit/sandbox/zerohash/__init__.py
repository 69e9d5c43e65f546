"""zerohash's client access tokens, and what they set going."""
