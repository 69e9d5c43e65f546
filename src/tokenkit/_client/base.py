"""What sync and async clients share: everything but the sending."""

import os
import platform
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Generic, NoReturn, TypeVar
from uuid import uuid4

import attrs
from typing_extensions import Self, Unpack

from .. import __version__
from .._model.call import Call, RawCall
from .._model.messages import MAX_HEADER, Headers, fits_header
from .._observability.hooks import Hooks, check_hooks
from .._observability.logging import is_logged
from .._observability.tracing import Trace, trace_calls
from .._pipeline.drivers import NO_HOOKS
from .._pipeline.prepare import Plan
from .._policy.clock import (
    ClockOffset,
    TimeSource,
    check_clock,
)
from .._policy.profile import Profile
from .._policy.retry import RetryBudget, check_budget
from .._secret import Secret, bare
from ..auth.strategy import AsyncStrategy
from ..errors import (
    ClientClosedError,
    ConfigurationError,
    FieldError,
    InvalidInputError,
)
from .base_url import BaseURL, check_path, parse_base_url
from .options import (
    CallOptions,
    SendOptions,
    Settings,
    check_kinds,
    refuse_unknown,
)

__all__ = ["ClientBase", "Shared", "one_strategy", "read_environment"]

A = TypeVar("A", bound=AsyncStrategy)
C = TypeVar("C")
K = TypeVar("K", bound=TimeSource)
T = TypeVar("T")

VISIBLE_TEXT = f"must be visible ASCII text of at most {MAX_HEADER} characters"


@attrs.define(kw_only=True, eq=False, repr=False)
class Shared(Generic[C, K]):
    """What a client shares with its ``with_options`` siblings."""

    base: BaseURL
    strategy: AsyncStrategy
    connections: C
    clock: K
    user_agent: str
    offset: ClockOffset | None
    hooks: Hooks
    trace: Trace | None
    watched: bool
    budget: RetryBudget
    closed: bool = False


class ClientBase(Generic[C, K]):
    """The settings of a client and the start of its calls."""

    profile: ClassVar[Profile]
    """The vendor."""

    _shared: Shared[C, K]
    _settings: Settings
    _default_plan: Plan
    _owner: bool

    def _set_up(
        self,
        options: Mapping[str, Any],
        *,
        auth: AsyncStrategy,
        connect: Callable[[BaseURL], C],
        clock: K,
        may_be_async: bool,
    ) -> None:
        check_kinds(options)
        base = parse_base_url(
            options.get("base_url", self.profile.base_url),
            allow_insecure_http=options.get("allow_insecure_http", False),
        )
        hooks = check_hooks(options.get("hooks", NO_HOOKS), may_be_async=may_be_async)
        tracing = bool(options.get("tracing"))
        self._settings = Settings().with_options(self.profile, options)
        self._shared = Shared(
            base=base,
            strategy=auth,
            connections=connect(base),
            clock=check_clock(options.get("clock", clock), may_be_async=may_be_async),
            hooks=hooks,
            trace=trace_calls(__version__) if tracing else None,
            watched=tracing or hooks is not NO_HOOKS,
            offset=ClockOffset() if options.get("correct_clock_skew", True) else None,
            user_agent=_user_agent(options.get("user_agent_suffix")),
            budget=check_budget(options.get("retry_budget"), self._settings.retry),
        )
        self._default_plan = self._plan(self._settings)
        self._owner = True

    # Arguments of these are secrets, or may hold some. Wrapped when a class is made, so that
    # editors see the methods as they are written.
    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        for name in ("__init__", "from_env", "with_options"):
            found: Any = vars(cls).get(name)
            if isinstance(found, classmethod):
                setattr(cls, name, classmethod(bare(found.__func__)))
            elif found is not None:
                setattr(cls, name, bare(found))

    def _begin(self, call: Call[T], options: Mapping[str, Any]) -> tuple[Plan, str]:
        plan, request_id = self._default_plan, None
        try:
            _check_call(call)
            if self._shared.closed:
                raise ClientClosedError(f"This {type(self).__name__} is closed; build a new one")
            if options:
                plan, request_id = self._planned(options)
        finally:
            del options  # the frame of an error must not hold them
        if not plan.watched and is_logged():
            plan = attrs.evolve(plan, watched=True)
        if request_id is None:
            request_id = str(uuid4()) if self.profile.request_id_header else ""
        return plan, request_id

    @bare
    def _planned(self, options: Mapping[str, Any]) -> tuple[Plan, str | None]:
        refuse_unknown(f"{type(self).__name__}.send()", options, SendOptions)
        plan = self._plan(self._settings.with_options(self.profile, options))
        return plan, _checked_request_id(options.get("request_id"))

    def _plan(self, settings: Settings) -> Plan:
        shared = self._shared
        constant = {
            "accept": "application/json",
            "accept-encoding": "gzip",
            "user-agent": shared.user_agent,
        }
        return Plan(
            profile=self.profile,
            origin=shared.base.origin,
            base_path=shared.base.path,
            headers=Headers(constant).merged_with(settings.headers),
            strategy=shared.strategy,
            timeouts=settings.timeouts,
            deadline=settings.deadline,
            policy=settings.retry,
            budget=shared.budget,
            offset=shared.offset,
            watched=shared.watched,
        )

    @bare
    def with_options(self, **options: Unpack[CallOptions]) -> Self:
        """Return a client on the same connections whose calls have other settings.

        Closing it does nothing; closing the original closes all.

        Args:
            **options: See :class:`CallOptions`.

        Raises:
            ConfigurationError: An option cannot be used.
        """
        refuse_unknown(f"{type(self).__name__}.with_options()", options, CallOptions)
        sibling = object.__new__(type(self))
        sibling._shared = self._shared
        sibling._settings = self._settings.with_options(self.profile, options)
        sibling._default_plan = sibling._plan(sibling._settings)
        sibling._owner = False
        return sibling

    def __repr__(self) -> str:
        shared = vars(self).get("_shared")  # a constructor that fails has not come so far
        where = shared.base.origin + shared.base.path if shared else None
        return f"{type(self).__name__}(base_url={where!r})"

    def __reduce__(self) -> NoReturn:
        name = type(self).__name__
        raise TypeError(f"A {name} cannot be pickled: build it anew, say with {name}.from_env()")


def _check_call(call: object) -> None:
    if not isinstance(call, Call):
        problem = f"must be a call such as a request model, not {type(call).__name__}"
        raise InvalidInputError("send()", (FieldError(field="call", message=problem),))


def raw_call(method: str, path: str, json: Any) -> RawCall:
    """Make the call of a ``request()``.

    Raises:
        InvalidInputError: The method or the path cannot be used.
    """
    if method not in ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"):
        problem = "must be an HTTP method in upper case, such as 'POST'"
        raise InvalidInputError("request()", (FieldError(field="method", message=problem),))
    check_path(path)
    return RawCall(verb=method, target=path, json=json)


def read_environment(
    profile: Profile, environ: Mapping[str, str] | None, options: Mapping[str, Any]
) -> dict[str, Any] | ConfigurationError:
    """Read a client's arguments from environment variables; empty ones count as missing.

    Returns the error where one is missing: the frame of this function holds secrets.
    """
    source = os.environ if environ is None else environ
    variables = profile.credential_variables
    found: dict[str, Any] = {
        name: Secret(source[variable])
        for name, variable in variables.items()
        if source.get(variable)
    }
    missing = [variable for name, variable in variables.items() if name not in found]
    if missing:
        names = ", ".join(missing)
        return ConfigurationError(f"{profile.vendor}: set {names} in the environment")
    if "base_url" in options:
        return found
    if source.get(profile.base_url_variable):
        return {**found, "base_url": source[profile.base_url_variable]}
    settings = {
        name: source[variable]
        for name, variable in profile.setting_variables.items()
        if source.get(variable)
    }
    return {**found, **settings}


def one_strategy(auth: A | None, build: Callable[..., A], **credentials: object) -> A:
    """Return the caller's strategy, or the vendor's own for the credentials.

    Args:
        auth: The caller's strategy.
        build: Makes the vendor's strategy from the credentials, by name.
        **credentials: The credentials, ``None`` where one is not given.

    Raises:
        ConfigurationError: A credential is missing, or stands beside ``auth``, or that is no
            strategy.
    """
    given = [name for name, value in credentials.items() if value is not None]
    if auth is not None:
        if given:
            raise ConfigurationError(f"auth takes the place of {', '.join(given)}: pass one")
        if not hasattr(auth, "secrets"):
            kind = type(auth).__name__
            raise ConfigurationError(f"auth must be a strategy such as Bearer(...), not {kind}")
        return auth
    missing = [name for name in credentials if name not in given]
    if missing:
        raise ConfigurationError(f"{', '.join(missing)} must be given, or auth")
    for name, value in credentials.items():
        if not isinstance(value, Secret) and not callable(value):
            raise ConfigurationError(
                f"{name} must be text, a Secret or a callable, not {type(value).__name__}"
            )
    return build(**credentials)


def _user_agent(suffix: object) -> str:
    agent = f"tokenkit/{__version__} python/{platform.python_version()}"
    if suffix is None:
        return agent
    if not fits_header(suffix):
        raise ConfigurationError(f"user_agent_suffix {VISIBLE_TEXT}")
    return f"{agent} {suffix}"


def _checked_request_id(given: object) -> str | None:
    if given is None or fits_header(given):
        return given
    problem = FieldError(field="request_id", message=VISIBLE_TEXT)
    raise InvalidInputError("send()", (problem,))
