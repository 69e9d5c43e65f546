"""The kit for adding a vendor, inside this package or outside it.

A vendor is request models (:class:`Call`), answer models, a :class:`Profile`, a class of
:func:`operation` stubs, and two clients that mix it in.
"""

from ._call import Call, Headers, RawCall, Repeat, Reply, Request, Response
from ._checks import (
    amount,
    aware_datetime,
    copy_mapping,
    instance,
    instances,
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
from ._client import AsyncClient, Client
from ._client_base import one_strategy
from ._clock import AsyncClock, Clock
from ._codec import (
    answer_field,
    epoch_milliseconds,
    epoch_seconds,
    read_answer,
    text_value,
    token_text,
    write_model,
)
from ._effects import Timeouts
from ._failure import (
    ErrorBody,
    Failure,
    FailureReader,
    error_for_status,
    read_plain_failure,
    visible_text,
)
from ._hooks import AttemptSent, CallFailed, Hooks, ResponseReceived, RetryPlanned
from ._issued import IssuedToken
from ._json import JSON, JSONObject, Mismatch, dump_json, kind_of, load_json
from ._model import Check, RequestModel, param
from ._operation import operation
from ._profile import Profile
from ._retry import RetryPolicy, RetryRules
from ._secret import AsyncSecretSource, Secret, SecretSource, conceal
from ._settings import AsyncClientOptions, CallOptions, ClientOptions, SendOptions
from .auth.strategy import AsyncStrategy, Strategy, header_secret

__all__ = [
    "JSON",
    "AsyncClient",
    "AsyncClientOptions",
    "AsyncClock",
    "AsyncSecretSource",
    "AsyncStrategy",
    "AttemptSent",
    "Call",
    "CallFailed",
    "CallOptions",
    "Check",
    "Client",
    "ClientOptions",
    "Clock",
    "ErrorBody",
    "Failure",
    "FailureReader",
    "Headers",
    "Hooks",
    "IssuedToken",
    "JSONObject",
    "Mismatch",
    "Profile",
    "RawCall",
    "Repeat",
    "Reply",
    "Request",
    "RequestModel",
    "Response",
    "ResponseReceived",
    "RetryPlanned",
    "RetryPolicy",
    "RetryRules",
    "Secret",
    "SecretSource",
    "SendOptions",
    "Strategy",
    "Timeouts",
    "amount",
    "answer_field",
    "aware_datetime",
    "conceal",
    "copy_mapping",
    "dump_json",
    "epoch_milliseconds",
    "epoch_seconds",
    "error_for_status",
    "header_secret",
    "instance",
    "instances",
    "json_object",
    "kind_of",
    "load_json",
    "one_of",
    "one_strategy",
    "operation",
    "param",
    "permissions",
    "read_answer",
    "read_plain_failure",
    "text",
    "text_value",
    "texts",
    "to_decimal",
    "to_decimal_or_none",
    "to_texts",
    "to_texts_or_none",
    "to_tuple",
    "token_text",
    "visible_text",
    "write_model",
]
