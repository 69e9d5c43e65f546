"""Arbitrary JSON for property tests, with the vendors' keys among others."""

from hypothesis import strategies as st

JWT = "e30.eyJqdGkiOiAiMSJ9.c2ln"
KEYS = [
    *("tokens", "token", "message", "result", "data", "epoch", "expiration", "error", "errors"),
    *("code", "user_id", "status", "missing_requirements", "transaction_id", "type", "msg"),
]
TEXTS = st.text(max_size=8) | st.sampled_from(["success", "failure", "ok", JWT])
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)
