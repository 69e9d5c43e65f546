"""Every public name of the package, by its module."""

from importlib import import_module

__all__ = ["PUBLIC_MODULES", "public_names"]

PUBLIC_MODULES = [
    "tokenkit",
    "tokenkit.auth",
    "tokenkit.bulk",
    "tokenkit.errors",
    "tokenkit.extension",
    "tokenkit.sandbox",
    "tokenkit.stores",
    "tokenkit.strigo",
    "tokenkit.testing",
    "tokenkit.zdk",
    "tokenkit.zerohash",
    "tokenkit.zerohash.experiences",
    "tokenkit.zerohash.webhooks",
]


def public_names(module: str) -> list[str]:
    names: list[str] = import_module(module).__all__
    return names
