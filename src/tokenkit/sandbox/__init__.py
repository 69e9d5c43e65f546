"""A stand-in for the three issuers, faithful to their documentation, on one loopback port.

It verifies every credential and signature, validates bodies, and responds as the vendors do. What
their documentation leaves open is *modelled*, and marked as such.
"""

from .faults.fault import Fault, FaultOptions

try:
    from .sandbox import Sandbox
except ModuleNotFoundError as _error:
    raise ModuleNotFoundError(
        f"the sandbox needs the package {_error.name}: "
        'python -m pip install "tokenkit-sdk[sandbox]"',
        name=_error.name,
    ) from None

__all__ = ["Fault", "FaultOptions", "Sandbox"]
