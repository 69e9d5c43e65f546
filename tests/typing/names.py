"""What a type checker says about a name that the package doesn't have; never run."""
# pyright: reportUnnecessaryTypeIgnoreComment=true

from tokenkit import ZdkCleint  # type: ignore[attr-defined]
from tokenkit.testing import FrozenClok  # type: ignore[attr-defined]
from tokenkit.zerohash import Permision  # type: ignore[attr-defined]

__all__ = ["FrozenClok", "Permision", "ZdkCleint"]
