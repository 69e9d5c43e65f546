"""Auth strategies: how a request proves who sends it."""

from .bearer import Bearer
from .hmac_signer import HmacScheme, HmacSigner
from .org_key import OrgKey
from .strategy import AsyncStrategy, Strategy, header_secret

__all__ = [
    "AsyncStrategy",
    "Bearer",
    "HmacScheme",
    "HmacSigner",
    "OrgKey",
    "Strategy",
    "header_secret",
]
