"""ZDK as one value."""

from ..extension import Profile
from .errors import read_failure

__all__ = ["DEFAULT_BASE_HOST", "PROFILE"]

DEFAULT_BASE_HOST = "dev.zu.casa"

PROFILE = Profile(
    vendor="ZDK",
    base_url=f"https://user.{DEFAULT_BASE_HOST}",
    base_url_variable="ZDK_BASE_URL",
    credential_variables={"api_key": "ZDK_API_KEY"},
    setting_variables={"base_host": "ZDK_API_HOST"},
    read_failure=read_failure,
    tells_lifetime=False,
)
