"""A stand-in for the three issuers, faithful to their documentation, on one loopback port.

It verifies every credential and signature for real, validates bodies and answers in the
vendors' own shapes. What their documentation leaves open is *modelled*, and says so where it is.
"""

from .faults import Fault, FaultOptions
from .server import Sandbox

__all__ = ["Fault", "FaultOptions", "Sandbox"]
