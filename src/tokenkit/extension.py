"""The kit for adding a vendor, inside this package or outside it.

A vendor is request models (:class:`Call`), response models, a :class:`Profile`, a class of
:func:`operation` stubs, and two clients that mix it in.
"""

from ._client.client import AsyncClient, Client
from ._client.operation import operation
from ._client.options import (
    AsyncClientOptions,
    CallOptions,
    ClientOptions,
    SendOptions,
)
from ._client.paging import iteration
from ._client.procedure import procedure
from ._model.call import (
    BatchCall,
    Call,
    RawCall,
    Repeat,
    Reply,
)
from ._model.checks import (
    amount,
    aware_datetime,
    choice_problem,
    copy_mapping,
    edits,
    instance,
    instances,
    integer,
    json_object,
    one_of,
    permissions,
    text,
    texts,
    to_decimal,
    to_decimal_or_none,
    to_texts,
    to_texts_or_none,
    to_tuple,
)
from ._model.codec import (
    epoch_milliseconds,
    epoch_seconds,
    read_response,
    response_field,
    text_value,
    token_text,
    write_model,
)
from ._model.json import (
    JSON,
    JSONObject,
    Mismatch,
    dump_json,
    kind_of,
    load_json,
    type_of,
)
from ._model.messages import Headers, Request, Response, ResponseInfo
from ._model.paging import HasItems, PagedCall, PageWalk
from ._model.request import Check, RequestModel, extra_fields, extra_of, param
from ._model.token import IssuedToken
from ._model.warn import warn_caller
from ._observability.hooks import Hooks
from ._observability.records import (
    AttemptSent,
    CallFailed,
    CallSucceeded,
    ResponseReceived,
    RetryPlanned,
    StoreFailed,
    TokenMinted,
    TokenServed,
)
from ._policy.clock import AsyncClock, Clock
from ._policy.failure import (
    ErrorBody,
    Failure,
    FailureReader,
    error_for_status,
    read_plain_failure,
    visible_text,
)
from ._policy.profile import BaseURLSetting, Profile, Rate
from ._policy.retry import RetryBudget, RetryPolicy, RetryRules
from ._policy.timeouts import Timeouts
from ._reuse.statistics import Statistics
from ._secret import (
    AsyncSecretGroup,
    AsyncSecretSource,
    Secret,
    SecretGroup,
    SecretSource,
    conceal,
)
from .auth.strategy import AsyncStrategy, Strategy, header_secret

__all__ = [
    "JSON",
    "AsyncClient",
    "AsyncClientOptions",
    "AsyncClock",
    "AsyncSecretGroup",
    "AsyncSecretSource",
    "AsyncStrategy",
    "AttemptSent",
    "BaseURLSetting",
    "BatchCall",
    "Call",
    "CallFailed",
    "CallOptions",
    "CallSucceeded",
    "Check",
    "Client",
    "ClientOptions",
    "Clock",
    "ErrorBody",
    "Failure",
    "FailureReader",
    "HasItems",
    "Headers",
    "Hooks",
    "IssuedToken",
    "JSONObject",
    "Mismatch",
    "PageWalk",
    "PagedCall",
    "Profile",
    "Rate",
    "RawCall",
    "Repeat",
    "Reply",
    "Request",
    "RequestModel",
    "Response",
    "ResponseInfo",
    "ResponseReceived",
    "RetryBudget",
    "RetryPlanned",
    "RetryPolicy",
    "RetryRules",
    "Secret",
    "SecretGroup",
    "SecretSource",
    "SendOptions",
    "Statistics",
    "StoreFailed",
    "Strategy",
    "Timeouts",
    "TokenMinted",
    "TokenServed",
    "amount",
    "aware_datetime",
    "choice_problem",
    "conceal",
    "copy_mapping",
    "dump_json",
    "edits",
    "epoch_milliseconds",
    "epoch_seconds",
    "error_for_status",
    "extra_fields",
    "extra_of",
    "header_secret",
    "instance",
    "instances",
    "integer",
    "iteration",
    "json_object",
    "kind_of",
    "load_json",
    "one_of",
    "operation",
    "param",
    "permissions",
    "procedure",
    "read_plain_failure",
    "read_response",
    "response_field",
    "text",
    "text_value",
    "texts",
    "to_decimal",
    "to_decimal_or_none",
    "to_texts",
    "to_texts_or_none",
    "to_tuple",
    "token_text",
    "type_of",
    "visible_text",
    "warn_caller",
    "write_model",
]
