"""Experiences about who the end user is: onboarding, data, profile."""

from collections.abc import Mapping
from typing import ClassVar

import attrs

from ...extension import JSON, extra_fields
from ..models import CHANNEL, CODE, CONTACT, REFERENCE, Permission
from .base import Experience

__all__ = ["OnboardingNew", "OnboardingResumed", "ParticipantProfile", "UpdateParticipant"]


@attrs.frozen(kw_only=True)
class OnboardingNew(Experience):
    """Onboard someone who is not a participant yet; permission ``onboarding``.

    A new user has no participant code, so the e-mail identifies them (documented).

    Args:
        email: The e-mail of the new user.
        reference_id: Your id for matching later events, at most 50 characters.
        phone_number: Their phone number, such as ``+15551234567``.
        otp_verified: The channel that was verified by OTP: ``email`` or ``sms``.
        extra: Fields that zerohash added later.
    """

    permission: ClassVar[Permission] = Permission.ONBOARDING

    email: str = attrs.field(metadata=CONTACT)
    reference_id: str | None = attrs.field(default=None, metadata=REFERENCE)
    phone_number: str | None = attrs.field(default=None, metadata=CONTACT)
    otp_verified: str | None = attrs.field(default=None, metadata=CHANNEL)
    extra: Mapping[str, JSON] = extra_fields()


@attrs.frozen(kw_only=True)
class OnboardingResumed(Experience):
    """Resume an onboarding; permission ``onboarding``.

    The participant code distinguishes it from a new onboarding. The variant leaves the e-mail
    optional; the newer revision of the documentation sends both (documented).

    Args:
        participant_code: The participant, 6 characters.
        email: Their e-mail; recommended.
        reference_id: Your id for matching later events, at most 50 characters.
        phone_number: Their phone number, such as ``+15551234567``.
        otp_verified: The channel that was verified by OTP: ``email`` or ``sms``.
        extra: Fields that zerohash added later.
    """

    permission: ClassVar[Permission] = Permission.ONBOARDING

    participant_code: str = attrs.field(metadata=CODE)
    email: str | None = attrs.field(default=None, metadata=CONTACT)
    reference_id: str | None = attrs.field(default=None, metadata=REFERENCE)
    phone_number: str | None = attrs.field(default=None, metadata=CONTACT)
    otp_verified: str | None = attrs.field(default=None, metadata=CHANNEL)
    extra: Mapping[str, JSON] = extra_fields()


@attrs.frozen(kw_only=True)
class UpdateParticipant(Experience):
    """Let a participant change their data; permission ``update-participant``.

    Args:
        participant_code: The participant, 6 characters.
        email: Their e-mail.
        reference_id: Your id for matching later events, at most 50 characters.
        extra: Fields that zerohash added later.
    """

    permission: ClassVar[Permission] = Permission.UPDATE_PARTICIPANT

    participant_code: str = attrs.field(metadata=CODE)
    email: str | None = attrs.field(default=None, metadata=CONTACT)
    reference_id: str | None = attrs.field(default=None, metadata=REFERENCE)
    extra: Mapping[str, JSON] = extra_fields()


@attrs.frozen(kw_only=True)
class ParticipantProfile(Experience):
    """Show a participant their profile; permission ``participant-profile``.

    Args:
        participant_code: The participant, 6 characters.
        extra: Fields that zerohash added later.
    """

    permission: ClassVar[Permission] = Permission.PARTICIPANT_PROFILE

    participant_code: str = attrs.field(metadata=CODE)
    extra: Mapping[str, JSON] = extra_fields()
