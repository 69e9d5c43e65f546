"""What is decided by arithmetic and reading alone."""
