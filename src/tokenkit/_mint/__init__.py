"""The command ``mint``: a table of people in, a table with their tokens out."""
