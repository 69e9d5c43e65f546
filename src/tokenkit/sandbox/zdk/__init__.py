"""ZDK's token services."""
