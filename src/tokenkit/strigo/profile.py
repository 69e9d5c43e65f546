"""Strigo's profile."""

from ..auth import OrgKey
from ..extension import Profile
from .errors import read_failure

__all__ = ["PROFILE"]

PROFILE = Profile(
    vendor="Strigo",
    base_url="https://app.strigo.io/api/v1",
    base_url_variable="STRIGO_BASE_URL",
    credential_variables={"org_id": "STRIGO_ORG_ID", "api_key": "STRIGO_API_KEY"},
    strategy=OrgKey,
    read_failure=read_failure,
)
