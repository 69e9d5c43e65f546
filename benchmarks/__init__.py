"""What tokenkit costs, beside what else sends the same request; see README.md."""
