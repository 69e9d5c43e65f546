"""Experiences about who the end user is: onboarding, data, profile."""

from ..models import ClientAuthTokenRequest, Permission
from .required import experience

__all__ = ["onboarding_new", "onboarding_resumed", "participant_profile", "update_participant"]


@experience
def onboarding_new(
    *,
    email: str,
    reference_id: str | None = None,
    phone_number: str | None = None,
    otp_verified: str | None = None,
) -> ClientAuthTokenRequest:
    """Onboard somebody who is no participant yet; permission ``onboarding``.

    A new user has no participant code, so the e-mail is what identifies them; onboarding is the
    only experience that an e-mail alone serves (documented).

    Args:
        email: The e-mail of the new user.
        reference_id: Your id to link later events by, at most 50 characters.
        phone_number: Their phone number, such as ``+15551234567``.
        otp_verified: The channel that was verified by OTP: ``email`` or ``sms``.

    Raises:
        InvalidInputError: An argument is not valid.

    Source: zerohash's API reference, "Generate a client access token", the variant for the
    onboarding of a new user (documented).
    """
    return ClientAuthTokenRequest(
        permissions=[Permission.ONBOARDING],
        email=email,
        reference_id=reference_id,
        phone_number=phone_number,
        otp_verified=otp_verified,
    )


@experience
def onboarding_resumed(
    *,
    participant_code: str,
    email: str | None = None,
    reference_id: str | None = None,
    phone_number: str | None = None,
    otp_verified: str | None = None,
) -> ClientAuthTokenRequest:
    """Go on with an onboarding that was begun before; permission ``onboarding``.

    The participant code tells it from a new onboarding. The variant leaves the e-mail optional;
    the newer revision of the documentation sends both (documented).

    Args:
        participant_code: The participant, 6 characters.
        email: Their e-mail; better given.
        reference_id: Your id to link later events by, at most 50 characters.
        phone_number: Their phone number, such as ``+15551234567``.
        otp_verified: The channel that was verified by OTP: ``email`` or ``sms``.

    Raises:
        InvalidInputError: An argument is not valid.

    Source: zerohash's API reference, "Generate a client access token", the variant for a
    resumed onboarding (documented).
    """
    return ClientAuthTokenRequest(
        permissions=[Permission.ONBOARDING],
        participant_code=participant_code,
        email=email,
        reference_id=reference_id,
        phone_number=phone_number,
        otp_verified=otp_verified,
    )


@experience
def update_participant(
    *, participant_code: str, email: str | None = None, reference_id: str | None = None
) -> ClientAuthTokenRequest:
    """Let a participant change their data; permission ``update-participant``.

    An e-mail alone serves onboarding only, so the code is required (documented).

    Args:
        participant_code: The participant, 6 characters.
        email: Their e-mail.
        reference_id: Your id to link later events by, at most 50 characters.

    Raises:
        InvalidInputError: An argument is not valid.

    Source: zerohash's API reference, "Generate a client access token", the variant for updating
    a participant (documented).
    """
    return ClientAuthTokenRequest(
        permissions=[Permission.UPDATE_PARTICIPANT],
        participant_code=participant_code,
        email=email,
        reference_id=reference_id,
    )


@experience
def participant_profile(*, participant_code: str) -> ClientAuthTokenRequest:
    """Show a participant their profile; permission ``participant-profile``.

    An e-mail alone serves onboarding only, so the code is required (documented).

    Args:
        participant_code: The participant, 6 characters.

    Raises:
        InvalidInputError: An argument is not valid.

    Source: zerohash's API reference, "Generate a client access token", the variant for the
    participant's profile (documented).
    """
    return ClientAuthTokenRequest(
        permissions=[Permission.PARTICIPANT_PROFILE], participant_code=participant_code
    )
