"""The cost of tokenkit against other libraries that send the same request; see README.md."""
