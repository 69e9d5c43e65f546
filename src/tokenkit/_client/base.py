"""What sync and async clients share: everything except sending."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from types import MemberDescriptorType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, TypeVar, cast
from uuid import uuid4

import attrs
from typing_extensions import Unpack

from .._model.base_url import BaseURL
from .._model.call import Call, RawCall, Reply, lacks
from .._model.frames import ForgetsArguments, forget_arguments
from .._model.json import is_mapping, type_of
from .._model.messages import header_problem
from .._model.paths import path_problem
from .._observability.hooks import Hooks
from .._observability.logging import is_logged
from .._observability.tracing import Trace
from .._pipeline.drivers import NO_HOOKS
from .._pipeline.effects import Steps
from .._pipeline.prepare import Plan
from .._pipeline.run import perform
from .._policy.clock import ClockOffset, Moment, TimeSource, moment_of
from .._policy.profile import Profile
from .._policy.retry import RetryBudget
from .._policy.settings import CallSettings
from .._policy.values import check_names
from .._redaction import redact, redact_path
from .._secret import outside_frames, without_frames
from ..auth.strategy import AsyncStrategy
from ..errors import (
    ClientClosedError,
    ConfigurationError,
    FieldError,
    InvalidInputError,
    TokenKitError,
)
from .credentials import make_strategy, profile_of
from .failed_call import FailedCall
from .options import CallOptions, SendOptions
from .reserved_names import ReservesNames
from .reuse_settings import ReuseSettings
from .settings import ClientSettings, change_call_settings

if TYPE_CHECKING:
    from .._reuse.cache import TokenCache

__all__ = ["ClientBase", "Shared", "Start", "raw_call"]

C = TypeVar("C")
K = TypeVar("K", bound=TimeSource)
T = TypeVar("T")
# Jedi resolves Self to the class in which it is written.
AnyClientT = TypeVar("AnyClientT", bound="ClientBase[Any, Any]")


# Not frozen, as every call makes one and that takes three times as long.
@attrs.define(eq=False, repr=False)
class Start(Generic[T]):
    """A call, and everything that is settled about it."""

    call: Call[T]
    plan: Plan
    request_id: str
    at: Moment


@attrs.define(kw_only=True, eq=False, repr=False)
class Shared(Generic[C, K]):
    """What a client shares with its ``with_options`` siblings."""

    base: BaseURL
    services: Mapping[str, BaseURL]
    strategy: AsyncStrategy
    credentials: Mapping[str, object]
    connections: C
    clock: K
    offset: ClockOffset | None
    hooks: Hooks
    trace: Trace | None
    watched: bool
    budget: RetryBudget
    reuse: ReuseSettings
    token_cache: "TokenCache | None"
    closed: bool = False


class ClientBase(ReservesNames, Generic[C, K], metaclass=ForgetsArguments):
    """The settings of a client and the start of its calls."""

    profile: ClassVar[Profile]
    """The vendor."""

    _shared: Shared[C, K]
    _call_settings: CallSettings
    _default_plan: Plan
    _owns_connections: bool
    _getter: str = "get_token"
    """The method through which the caller gets tokens, for errors."""

    def _set_up(
        self,
        auth: AsyncStrategy | None,
        credentials: Mapping[str, object] | None,
        base_url_settings: Mapping[str, object] | None,
        options: Mapping[str, Any],
        *,
        is_async: bool,
        connect: Callable[[ClientSettings], C],
    ) -> None:
        profile = profile_of(type(self))
        given = {"credentials": credentials, "base_url_settings": base_url_settings}
        problems = [
            f"{name} must be a mapping of names to values, not {type_of(value)}"
            for name, value in given.items()
            if value is not None and not is_mapping(value)
        ]
        if problems:
            raise ConfigurationError(type(self).__name__, problems)
        strategy: AsyncStrategy | None = None
        try:
            strategy = make_strategy(profile, auth, credentials or {}, is_async=is_async)
        except ConfigurationError as error:
            problems += error.problems
        settings = ClientSettings.parse(
            profile, options, is_async=is_async, base_url_settings=base_url_settings or {}
        )
        connections: C | None = None
        if isinstance(settings, tuple):
            problems += settings
        else:
            try:
                connections = connect(settings)
            except ConfigurationError as error:
                problems += error.problems
        if strategy is None or connections is None or isinstance(settings, tuple):
            raise ConfigurationError(type(self).__name__, problems)
        # What a text says is in the strategy already, where nothing shows it.
        callables = {name: one for name, one in (credentials or {}).items() if callable(one)}
        shared = Shared(
            base=settings.base_url,
            services=settings.services,
            strategy=strategy,
            credentials=callables if auth is None else {"auth": auth},
            connections=connections,
            clock=cast("K", settings.clock),
            hooks=settings.hooks,
            trace=settings.trace,
            watched=settings.trace is not None or settings.hooks is not NO_HOOKS,
            offset=ClockOffset() if settings.correct_clock_skew else None,
            budget=settings.retry_budget,
            reuse=settings.reuse,
            token_cache=settings.reuse.token_cache,
        )
        # Not by assignment: a subclass may be frozen.
        own = vars(self)
        own.update(_shared=shared, _call_settings=settings.call, _owns_connections=True)
        own.update(_default_plan=self._plan(settings.call))

    def _start(
        self, call: Call[T] | Exception, options: Mapping[str, Any], method: str = "send"
    ) -> Start[T] | FailedCall:
        """Return the start of a call, or how it failed: the frames here hold arguments.

        Args:
            call: The call, or what is wrong with its arguments.
            options: Its options.
            method: What the caller called, for a call without a name.
        """
        if isinstance(call, Exception):
            return self._failed_call(call, method)
        try:
            return self._prepared(call, options, method)
        except BaseException as error:  # noqa: BLE001 - whatever struck, its frames hold arguments
            return self._failed_call(error, _name_of(call) or method)

    def _failed_call(self, error: BaseException, operation: str) -> FailedCall:
        """Return a call that can't begin, without the frames that hold its arguments."""
        # A clock's exception says where it was raised; a caller's model may hold a token there.
        bare = without_frames if isinstance(error, TokenKitError) else outside_frames
        return FailedCall(bare(error), operation, self.profile.vendor_id, self._shared.hooks)

    def _prepared(self, call: Call[T], options: Mapping[str, Any], method: str) -> Start[T]:
        self._check_call(method, call)
        self._check_open()
        plan, request_id = self._default_plan, None
        if options:
            plan = self._plan(self._changed_settings(method, options, SendOptions))
            request_id = _checked_request_id(options.get("request_id"), self._method_name(method))
        if call.service is not None:
            plan = self._for_service(method, plan, call)
        if not plan.watched and is_logged():
            plan = attrs.evolve(plan, watched=True)
        if request_id is None:
            request_id = str(uuid4()) if self.profile.request_id_header else ""
        return Start(call, plan, request_id, moment_of(self._shared.clock))

    def _method_name(self, method: str) -> str:
        """Return the name of one of this client's methods, for errors."""
        return f"{type(self).__name__}.{method}()"

    def _check_call(self, method: str, call: object) -> None:
        kind: Any = type(call)
        if not isinstance(call, Call):
            problem = f"must be a call such as a request model, not {type_of(call)}"
            errors = (FieldError(field="call", message=problem),)
            raise InvalidInputError(self._method_name(method), errors)
        if missing := lacks(kind):
            raise InvalidInputError(kind.__name__, missing)

    def _check_open(self) -> None:
        if self._shared.closed:
            raise ClientClosedError(f"This {type(self).__name__} is closed; create a new one")

    def _beginning(self, start: Start[T]) -> Callable[[Moment], Steps[Reply[T]]]:
        """Return what begins a call; tokens that it ends are no longer handed out from then on."""
        begin = partial(perform, start.call, start.plan, start.request_id)
        if not start.call.ends_tokens:
            return begin
        from .._reuse.ending import ending  # noqa: PLC0415 - few calls end tokens

        return ending(start.call, begin, self._shared.token_cache, self.profile.vendor_id)

    def _for_service(self, method: str, plan: Plan, call: Call[T]) -> Plan:
        base = self._shared.services.get(call.service or "")
        if base is None:
            problem = f"is for the service {call.service!a:.50}, which the client lacks"
            errors = (FieldError(field="call", message=problem),)
            raise InvalidInputError(self._method_name(method), errors)
        return attrs.evolve(plan, origin=base.origin, base_path=base.path)

    def _changed_settings(
        self, method: str, options: Mapping[str, Any], known: type[CallOptions]
    ) -> CallSettings:
        where = self._method_name(method)
        check_names(where, options, known)
        settings = change_call_settings(self._call_settings, self.profile, options)
        if isinstance(settings, tuple):
            raise ConfigurationError(where, settings)
        return settings

    def _plan(self, settings: CallSettings) -> Plan:
        shared = self._shared
        return Plan(
            profile=self.profile,
            origin=shared.base.origin,
            base_path=shared.base.path,
            settings=settings,
            strategy=shared.strategy,
            budget=shared.budget,
            offset=shared.offset,
            watched=shared.watched,
            client=type(self).__name__,
            credentials=shared.credentials,
        )

    def with_options(self: AnyClientT, **options: Unpack[CallOptions]) -> AnyClientT:
        """Return a client with the same connections and other settings.

        It keeps a subclass's attributes. One that points back to the client, such as
        ``self.users = Users(self)`` or a ``functools.cached_property``, still points to the
        original: make it a property, or set it again in your own ``with_options()``. Closing the
        copy does nothing; closing the original closes both.

        Args:
            **options: See :class:`CallOptions`.

        Raises:
            ConfigurationError: An option cannot be used.
        """
        try:
            settings = self._changed_settings("with_options", options, CallOptions)
        except BaseException as error:
            del options  # keep them out of the traceback
            forget_arguments(error)
            raise
        plan = self._plan(settings)
        return _changed_copy(
            self, _call_settings=settings, _default_plan=plan, _owns_connections=False
        )

    @property
    def base_url(self) -> str:
        """The base URL of this client's calls."""
        base = self._shared.base
        return base.origin + base.path

    @property
    def service_urls(self) -> Mapping[str, str]:
        """The base URLs of the vendor's services that have their own hosts, by name."""
        return {name: base.origin + base.path for name, base in self._shared.services.items()}

    def __repr__(self) -> str:
        shared = vars(self).get("_shared")  # a constructor that failed has not set it
        where = shared.base.origin + shared.base.path if shared else None
        return f"{type(self).__name__}(base_url={where!r})"

    def __reduce__(self) -> NoReturn:
        name = type(self).__name__
        article = "An" if name[0] in "AEIOU" else "A"
        raise TypeError(
            f"{article} {name} can't be pickled or copied; create a new one, for example "
            f"with {name}.from_env()"
        )


def _changed_copy(client: AnyClientT, **changes: object) -> AnyClientT:
    """Copy a client with everything that a subclass keeps in it, slots included."""
    copied = object.__new__(type(client))
    for base in type(client).__mro__:
        for member in vars(base).values():
            # By the slot itself: a subclass may be frozen, or hide it behind a property.
            if isinstance(member, MemberDescriptorType):
                with suppress(AttributeError):  # an empty slot stays empty
                    member.__set__(copied, member.__get__(client))
    vars(copied).update(vars(client), **changes)
    return copied


def raw_call(where: str, method: str, path: str, json: Any) -> RawCall | InvalidInputError:
    """Return the call of a ``request()``, or the error that says what is wrong with it."""
    problems: list[FieldError] = []
    if method not in ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"):
        problem = "must be an HTTP method in upper case, such as 'POST'"
        problems.append(FieldError(field="method", message=problem))
    found = path_problem(path)
    if found is not None:
        problems.append(FieldError(field="path", message=found))
    if problems:
        return InvalidInputError(where, tuple(problems))
    return RawCall(verb=method, target=path, json=json)


def _name_of(call: object) -> str | None:
    """Return a call's name as it may be shown; ``None`` if there is no call."""
    if not isinstance(call, Call):
        return None
    name: str = call.operation
    return redact_path(redact(name, call.tokens)) if "/" in name else name


def _checked_request_id(given: object, where: str) -> str | None:
    problem = None if given is None else header_problem(given)
    if problem is not None:
        raise InvalidInputError(where, (FieldError(field="request_id", message=problem),))
    return cast("str | None", given)
