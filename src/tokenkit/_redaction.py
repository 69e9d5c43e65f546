"""Redact secrets and tokens, and escape control characters, in text from elsewhere."""

import re
from array import array
from base64 import b64encode
from collections.abc import Iterable, Iterator

__all__ = [
    "REDACTED",
    "Hidden",
    "escaped",
    "redact",
    "redact_jwts",
    "redact_path",
    "redact_tokens",
]

REDACTED = "[redacted]"

# Shorter texts are searched for exactly: ignoring case or whitespace, they would be found in
# innocent words.
SHORTEST_FUZZY = 8
# Still shorter ones count only where they stand alone: to take them out of the middle of words
# would spoil every text, and what is missing would give them away.
SHORTEST_PART = 4
MOST_NESTINGS = 4
SHORTEST_TOKEN = 20

# One character as JSON, Python, JavaScript, HTML and URLs write it, nested to any depth.
SPELT = re.compile(
    r"\\+(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|U([0-9a-fA-F]{8})|u\{0*([0-9a-fA-F]{1,6})\})?"
    r"|&(?:amp;)*(?:\#0*([0-9]{1,7});?|\#[xX]0*([0-9a-fA-F]{1,6});?|([A-Za-z]{2,8});)"
    r"|%(?:25)*([0-9a-fA-F]{2})"
    r"|\x00"
)
HEXADECIMAL = (1, 2, 3, 4, 6, 8)
ESCAPES = ("\\", "&", "%", "\0")
MARKS = re.compile(r"[\\&%\x00]")
SPACE = re.compile(r"\s+")

TOKEN_RUN = re.compile(rf"[A-Za-z0-9_+/=.~%-]{{{SHORTEST_TOKEN},}}")
JWT_RUN = re.compile(rf"[A-Za-z0-9_.-]{{{SHORTEST_TOKEN},}}")
PATH_RUN = re.compile(rf"[A-Za-z0-9_+=~%-]{{{SHORTEST_TOKEN},}}")
LONGEST_NAME = 40
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

# Control characters, and those that reorder, hide or break the text around them.
UNSHOWN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)


def escaped(text: str, *, keep: str = "") -> str:
    """Escape control characters, bidi marks and the like, except some."""
    if text.isascii() and text.isprintable():
        return text
    return UNSHOWN.sub(lambda found: found[0] if found[0] in keep else _escape(found[0]), text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def redact_tokens(text: str) -> str:
    """Replace everything that looks like a token."""
    return TOKEN_RUN.sub(REDACTED, text)


def redact_jwts(text: str) -> str:
    """Replace JSON Web Tokens."""
    return JWT_RUN.sub(_without_jwt, text) if "eyJ" in text else text


def _without_jwt(found: re.Match[str]) -> str:
    before, mark, after = found[0].partition("eyJ")
    return before + REDACTED if mark and "." in after else found[0]


def redact_path(path: str) -> str:
    """Replace everything in a URL's path that looks like a token; names and UUIDs stay."""
    if len(path) < SHORTEST_TOKEN:
        return path
    return PATH_RUN.sub(_without_path_token, redact_jwts(path))


def _without_path_token(found: re.Match[str]) -> str:
    run = found[0]
    is_name = len(run) < LONGEST_NAME and not any(one.isdigit() for one in run)
    return run if is_name or UUID.fullmatch(run) else REDACTED


def _meant(found: re.Match[str]) -> str:
    """Return the character that a spelling means; nothing for one that only escapes the next."""
    group = found.lastindex
    if group is None:
        return ""
    if group == 7:  # noqa: PLR2004 - the group of names in the pattern above
        return _named(found[group]) or found[0]
    number = int(found[group], 16 if group in HEXADECIMAL else 10)
    return chr(number) if number <= 0x10FFFF else found[0]  # noqa: PLR2004 - Unicode's last


def _named(name: str) -> str | None:
    from html.entities import html5  # noqa: PLC0415 - only a failure needs it

    character = html5.get(f"{name};", "")
    return character if len(character) == 1 else None


def _decoded(text: str) -> str:
    for _ in range(MOST_NESTINGS):
        if not MARKS.search(text):
            break
        before, text = text, SPELT.sub(_meant, text)
        if text == before:
            break
    return text


def _flat(text: str) -> str:
    text = SPACE.sub("", text)
    # One by one, as below: some characters become two in lower case.
    return text.lower() if text.isascii() else "".join(map(_lower, text))


def _base64_cores(secret: bytes) -> Iterator[str]:
    """Yield the part of the base64 of a text that doesn't depend on where the text begins."""
    for before in range(3):
        written = b64encode(b"\0" * before + secret).decode("ascii")
        begin = (before * 8 + 5) // 6
        core = written[begin : (before + len(secret)) * 8 // 6]
        yield core
        yield core.replace("+", "-").replace("/", "_")


class _Redactor:
    """Finds every spelling of some texts; built once per failure, however much it reads."""

    __slots__ = ("_fuzzy", "_short")

    def __init__(self, secrets: Iterable[str]) -> None:
        fuzzy: set[str] = set()
        short: set[str] = set()
        for secret in secrets:
            plain = _decoded(secret)
            spellings = {plain, secret.replace("\\", ""), plain.replace(" ", "+")}
            if not plain.isascii():  # URLs write single bytes
                spellings.add(plain.encode("utf-8", "surrogatepass").decode("latin-1"))
            for spelling in spellings:
                flat = _flat(spelling)
                (short if len(flat) < SHORTEST_FUZZY else fuzzy).add(spelling)
            if len(secret) >= SHORTEST_FUZZY:
                raw = secret.encode("utf-8", "surrogatepass")
                fuzzy.update((raw.hex(), *_base64_cores(raw)))
        self._short = sorted(short - {""}, key=len, reverse=True)
        self._fuzzy = sorted({_flat(one) for one in fuzzy}, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """Replace every secret in a text."""
        decoded = _decoded(text)
        flat = _flat(decoded)
        short = [one for one in self._short if one in decoded]
        fuzzy = [one for one in self._fuzzy if one in flat]
        if not short and not fuzzy:
            return text
        places = _Places(text)
        spans = [*places.of(short, flat=False), *places.of(fuzzy, flat=True)]
        return _without(text, spans)


class _Places:
    """The position in a text of each character of its decoded form."""

    __slots__ = ("_begins", "_ends", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._begins = array("L", range(len(text)))
        self._ends = array("L", range(1, len(text) + 1))
        for _ in range(MOST_NESTINGS):
            if not self._decode():
                break

    def _decode(self) -> bool:
        parts: list[str] = []
        begins, ends = array("L"), array("L")
        at = 0
        for found in SPELT.finditer(self._text):
            start, stop = found.span()
            meant = _meant(found)
            if len(meant) > 1:  # stays unchanged
                continue
            parts += (self._text[at:start], meant)
            begins.extend(self._begins[at:start])
            ends.extend(self._ends[at:start])
            if meant:
                begins.append(self._begins[start])
                ends.append(self._ends[stop - 1])
            at = stop
        if at == 0:
            return False
        self._text = "".join((*parts, self._text[at:]))
        self._begins = begins + self._begins[at:]
        self._ends = ends + self._ends[at:]
        return True

    def of(self, needles: Iterable[str], *, flat: bool) -> Iterator[tuple[int, int]]:
        """Yield the positions of some texts; flat ones are in lower case, without whitespace."""
        text, places = self._text, array("L", range(len(self._text)))
        if flat:
            kept = [place for place, one in enumerate(text) if not one.isspace()]
            text = "".join(_lower(text[place]) for place in kept)
            places = array("L", kept)
        for needle in needles:
            at = text.find(needle)
            while at >= 0:
                end = at + len(needle)
                if len(needle) >= SHORTEST_PART or _stands_alone(text, at, end):
                    yield self._begins[places[at]], self._ends[places[end - 1]]
                at = text.find(needle, at + 1)


def _stands_alone(text: str, begin: int, end: int) -> bool:
    return not (text[begin - 1 : begin].isalnum() or text[end : end + 1].isalnum())


def _lower(character: str) -> str:
    lower = character.lower()
    return lower if len(lower) == 1 else character


def _without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    parts: list[str] = []
    at = 0
    for first, end in sorted(spans):
        begin = first
        while begin > at and text[begin - 1] == "\\":  # it would escape what follows instead
            begin -= 1
        if begin >= at:
            parts += (text[at:begin], REDACTED)
        at = max(at, end)
    return "".join((*parts, text[at:]))


class Hidden:
    """The secrets and tokens that a call must not show.

    It is not iterable, as error trackers expand what is in a frame. The search for the texts is
    prepared by the first failure or record that needs it.
    """

    __slots__ = ("_redactor", "_texts")

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._texts: tuple[str, ...] = tuple(texts)
        self._redactor: _Redactor | None = None

    def add(self, texts: Iterable[str]) -> None:
        """Add texts to hide."""
        self._texts = (*self._texts, *texts)
        self._redactor = None

    def also(self, texts: Iterable[str]) -> "Hidden":
        """Return a copy that hides further texts."""
        return Hidden((*self._texts, *texts))

    def redact(self, text: str) -> str:
        """Replace the texts, in every spelling that a server may echo."""
        if self._redactor is None:
            self._texts = tuple({*self._texts} - {""})
            self._redactor = _Redactor(self._texts)
        return self._redactor(text)

    def redact_headers(self, text: str) -> str:
        """Replace the texts in a success's headers, if they may be there."""
        for one in (*ESCAPES, *self._texts):
            if one in text:
                return self.redact(text)
        return text

    def __repr__(self) -> str:
        return f"Hidden({len(self._texts)} texts)"


def redact(text: str, secrets: Iterable[str]) -> str:
    """Replace every secret, in each spelling that a server may use, with a fixed mark."""
    return Hidden(secrets).redact(text)
