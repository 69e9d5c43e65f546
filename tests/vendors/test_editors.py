"""What editors show: Jedi, which completes in notebooks and Vim, and basedpyright's server."""

import re
import shutil
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from language_server import Editor, open_in_editor
from public_names import PUBLIC_MODULES, public_names

SOURCE = """\
from tokenkit import AsyncZdkClient, StrigoClient, ZdkClient, zerohash
from tokenkit.bulk import Worker
from tokenkit.sandbox import Sandbox
from sumsub_vendor import SumsubClient

client = ZdkClient(api_key="k", timeout=3)
token = client.create_user_token(id="user-1")
token.user_id
later = AsyncZdkClient(api_key="k").create_user_token
sibling = client.with_options(deadline=3)
request = zerohash.ClientAuthTokenRequest(permissions=["fwc"])
health = StrigoClient(org_id="o", api_key="k").check_health()
results = client.send_many([], concurrency=4)
worker = Worker(ZdkClient.from_env, rate_limiter=None)
Sandbox().fail_next(status=429)
outside = SumsubClient.from_env().create_sdk_token
client.create
"""
PARAMETERS = ("id", "nickname", "fullname", "avatar", "metadata", "permissions", "extra")


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    if find_spec("basedpyright") is None:
        pytest.skip("basedpyright is not installed; `nox -s types` has it")
    folder = tmp_path_factory.mktemp("editor")
    shutil.copy(Path(__file__).with_name("sumsub_vendor.py"), folder)
    with open_in_editor(folder, SOURCE) as editor:
        yield editor


@pytest.fixture(scope="module")
def jedi(tmp_path_factory: pytest.TempPathFactory) -> Any:
    if find_spec("jedi") is None:
        pytest.skip("jedi is not installed; `nox -s types` has it")
    module: Any = import_module("jedi")
    folder = tmp_path_factory.mktemp("jedi")
    module.settings.cache_directory = str(folder / "cache")
    environment = module.create_environment(sys.executable, safe=False)
    return module.Script(SOURCE, path=folder / "opened.py", environment=environment)


def place(text: str) -> tuple[int, int]:
    """Return the line, from 1, and the column of a text's end."""
    lines = SOURCE.splitlines()
    number = next(number for number, line in enumerate(lines) if text in line)
    return number + 1, lines[number].index(text) + len(text)


def mentioned_parameters(shown: str) -> list[str]:
    """Return the parameters that a signature lists, in its order."""
    signature = shown.partition(") ->")[0]
    return re.findall(r"[(\s](\w+): ", signature)


def test_hovering_over_an_option_explains_it(editor: Editor) -> None:
    """An option's type and docstring are shown, whatever it is an option of."""
    shown = editor.hover("timeout")
    assert "timeout: float | Timeouts | None" in shown
    assert "Seconds for each step of an attempt" in shown
    assert "means no deadline" in editor.hover("deadline")
    assert "The most requests in flight at once" in editor.hover("concurrency")
    assert "The limit that all workers share" in editor.hover("rate_limiter")
    assert "Return this status" in editor.hover("status")


def test_hovering_over_a_method_shows_each_parameter_once(editor: Editor) -> None:
    """A method shows its whole signature, required parameters first, and explains each once."""
    shown = editor.hover("client.create_user_token")
    signature, _, text = shown.partition("---")
    assert "(method)" in signature
    assert mentioned_parameters(signature) == [*PARAMETERS]
    assert "id: str,\n" in signature
    assert "-> UserToken" in signature
    assert [len(re.findall(rf"\b{name}: ", text)) for name in PARAMETERS] == [1] * 7
    assert "CoroutineType[Any, Any, UserToken]" in editor.hover('"k").create_user_token')


def test_hovering_over_a_model_explains_it(editor: Editor) -> None:
    """A request model shows its constructor and what its fields mean."""
    shown = editor.hover("zerohash.ClientAuthTokenRequest")
    assert "permissions: Iterable[str]" in shown
    assert "The participant, 6 characters" in shown.replace("\\", "")
    listed = mentioned_parameters(shown.partition("---")[0])
    assert (listed[0], listed[-1]) == ("permissions", "extra")


def test_hovering_over_a_method_of_an_outside_vendor(editor: Editor) -> None:
    """Without a stub file too, what is required comes first and ``extra`` last."""
    signature, _, _ = editor.hover("from_env().create_sdk_token").partition("---")
    _, _, signature = signature.partition("create_sdk_token: ")
    assert mentioned_parameters(signature) == ["user_id", "level_name", "ttl_in_secs", "extra"]
    assert "-> SdkToken" in signature


def test_a_client_says_first_what_it_needs(editor: Editor) -> None:
    """The first line about a client names the credentials that no checker can require."""
    _, _, text = editor.hover("client = ZdkClient").partition("---")
    assert text.strip().startswith("Mint ZDK user tokens; pass `api_key` or `auth`.")


def test_going_to_a_method_leads_to_where_it_is_explained(editor: Editor) -> None:
    """The definition of a method is its declaration, in the stub and among the vendor's calls."""
    assert ("calls.py", "def create_user_token(self) -> None:") in editor.definitions(
        "client.create_user_token"
    )


def test_methods_complete_as_methods(editor: Editor) -> None:
    """A vendor's calls are completed as methods."""
    method = 2  # as the protocol numbers kinds
    found = editor.completions("client.create")
    assert (found["create_user_token"], found["create_user_tokens"]) == (method, method)


@pytest.mark.parametrize("name", ["AsyncZdkClient", "StrigoClient", "ZdkClient", "zerohash"])
def test_jedi_resolves_what_is_imported(jedi: Any, name: str) -> None:
    """Every name of the package leads to its module, though it is loaded when first used."""
    (found,) = jedi.goto(*place(f" {name}"), follow_imports=True)
    assert Path(found.module_path).parent.name in ("zdk", "strigo", "zerohash")


def test_jedi_resolves_every_public_name(tmp_path: Path) -> None:
    """Jedi leads from the import of each public name to its definition."""
    if find_spec("jedi") is None:
        pytest.skip("jedi is not installed; `nox -s types` has it")
    module: Any = import_module("jedi")
    environment = module.create_environment(sys.executable, safe=False)
    opened = tmp_path / "opened.py"
    for home in PUBLIC_MODULES:
        names = public_names(home)
        lines = "".join(f"    {name},\n" for name in names)
        script = module.Script(
            f"from {home} import (\n{lines})\n", path=opened, environment=environment
        )
        for line, name in enumerate(names, 2):
            found = script.goto(line, 4 + len(name), follow_imports=True)
            assert [one.name for one in found if one.module_path != opened], f"{home}.{name}"


def test_jedi_explains_a_model(jedi: Any) -> None:
    """Jedi shows a request model's fields and what they mean."""
    line, column = place("ClientAuthTokenRequest(")
    (signature,) = jedi.get_signatures(line, column)
    assert "participant_code" in [parameter.name for parameter in signature.params]
    (helped,) = jedi.help(*place("zerohash.ClientAuthTokenRequest"))
    assert "The participant, 6 characters" in helped.docstring()


def test_jedi_knows_signatures(jedi: Any) -> None:
    """Jedi shows a method's whole signature, its docstring, and what it returns."""
    line, column = place('create_user_token(id="user-1"')
    (signature,) = jedi.get_signatures(line, column)
    assert [parameter.name for parameter in signature.params] == [*PARAMETERS]
    assert signature.to_string().endswith("-> UserToken")
    (helped,) = jedi.help(*place("client.create_user_token"))
    assert "Mint a token that opens ZDK's user module" in helped.docstring()
    (field,) = jedi.goto(*place("token.user_id"))
    assert field.description.startswith("user_id: str")


@pytest.mark.parametrize(
    "code",
    [
        "with ZdkClient(api_key='k') as client: client.create",
        "ZdkClient.from_env().create",
        "ZdkClient(api_key='k').with_options(timeout=3).create",
        "with ZdkClient.from_env().with_options(timeout=3) as client: client.create",
        "async def f():\n    async with AsyncZdkClient.from_env() as client: client.create",
        "with Sandbox() as sandbox, sandbox.zdk_client() as client: client.create",
        "with SumsubClient() as client: client.create",
    ],
)
def test_jedi_knows_a_client_however_it_is_made(tmp_path: Path, code: str) -> None:
    """Jedi completes the vendor's methods on a client that a method or a block has returned."""
    if find_spec("jedi") is None:
        pytest.skip("jedi is not installed; `nox -s types` has it")
    module: Any = import_module("jedi")
    module.settings.cache_directory = str(tmp_path / "cache")
    project = module.Project(tmp_path, added_sys_path=[Path(__file__).parent])
    imports = (
        "from tokenkit import AsyncZdkClient, ZdkClient\n"
        "from tokenkit.sandbox import Sandbox\n"
        "from sumsub_vendor import SumsubClient\n"
    )
    script = module.Script(
        imports + code,
        path=tmp_path / "opened.py",
        project=project,
        environment=module.create_environment(sys.executable, safe=False),
    )
    wanted = "create_sdk_token" if "Sumsub" in code else "create_user_token"
    assert wanted in [found.name for found in script.complete()]


def test_jedi_goes_to_where_a_call_is_explained(jedi: Any) -> None:
    """Jedi leads from a method to its declaration among the vendor's calls."""
    (found,) = jedi.goto(*place("client.create_user_token"), follow_imports=True)
    assert (Path(found.module_path).name, found.name) == ("calls.py", "create_user_token")


def test_jedi_completes_methods(jedi: Any) -> None:
    """Jedi completes a vendor's calls as functions."""
    found = {one.name: one.type for one in jedi.complete(*place("client.create\n"[:-1]))}
    kinds = ("user", "room", "chat", "event")
    assert found == {
        f"create_{kind}_{name}": "function" for kind in kinds for name in ("token", "tokens")
    }
