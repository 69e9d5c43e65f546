"""Every check of the project: `nox` runs them all, `nox -s NAME` one of them."""

import os
import pathlib
import shutil
import sys
import zipfile

import nox

# uv installs a session's packages in a tenth of the time.
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.download_python = "never"
nox.options.error_on_missing_interpreters = False
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = [
    "lint",
    "layers",
    "types",
    "tests",
    "soak",
    "coverage",
    "docs",
    "package",
]

AROUND_THE_PACKAGE = (
    "docs",
    "engines",
    "examples",
    "jupyter",
    "testing",
    "test_benchmarks.py",
    "test_house.py",
    "test_layers.py",
    "test_project.py",
)
# What these test runs in other processes, which get none of Python's options for the tests.
IN_OTHER_PROCESSES = (
    "bulk/test_journal_damage.py",
    "bulk/test_memory.py",
    "bulk/test_mint_command.py",
    "bulk/test_worker.py",
    "gauntlet/test_g22_warnings.py",
    "reuse/test_processes.py",
    "reuse/test_random_kills.py",
    "vendors/test_check_command.py",
    "vendors/test_package_commands.py",
    "vendors/test_package_import.py",
    "vendors/test_vendoring.py",
)


def ignoring(*names: str) -> list[str]:
    return [f"--ignore=tests/{name}" for name in names]


PACKAGE_TESTS = ["tests", *ignoring(*AROUND_THE_PACKAGE)]
FAST_TESTS = ("tests/core", "tests/sandbox", "tests/vendors", "tests/network")

PROJECT = nox.project.load_toml("pyproject.toml")
ALL_PYTHONS = nox.project.python_versions(PROJECT)
# Those that come after the newest of these are tested where they are installed.
OLDEST, WITH_HTTPX2, STRICT, NEWEST = "3.10", "3.11", "3.12", "3.13"
RUNTIME = PROJECT["project"]["dependencies"]
SANDBOX = PROJECT["project"]["optional-dependencies"]["sandbox"]
# Of 10: one is for an address to write to, one for a project's URL. There is neither yet.
PYROMA_MARKS = 8


def select_pyenv_versions() -> None:
    """Let pyenv's shims answer for each installed version; they know only the selected ones."""
    root = pathlib.Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    versions = [path.name for path in sorted((root / "versions").glob("3.*"))]
    if versions:
        os.environ["PYENV_VERSION"] = ":".join(versions)


select_pyenv_versions()
# Most modules of what is installed here are never imported; the others are compiled then, once.
os.environ.setdefault("PIP_NO_COMPILE", "1")
# uv would trust only the authorities that it brings. Its older versions have the second name.
os.environ.setdefault("UV_SYSTEM_CERTS", "1")
os.environ.setdefault("UV_NATIVE_TLS", "1")
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def group(name: str) -> list[str]:
    return list(nox.project.dependency_groups(PROJECT, name))


def lowest(requirements: list[str]) -> list[str]:
    return [requirement.replace(">=", "==") for requirement in requirements]


def run_tests(session: nox.Session, *arguments: str, mode: str = "", **variables: str) -> None:
    """Run tests in more processes than there are cores, as many tests wait.

    Each process gets the options of ``mode`` as its own, and not in its environment, where the
    programs that the tests start would find them.
    """
    python = pathlib.Path(session.bin, "python").as_posix()
    runner = ["python", *mode.split()]
    if session.name in (f"tests-{OLDEST}", f"tests-{NEWEST}"):
        variables["COVERAGE_FILE"] = str(pathlib.Path(".coverage").absolute())
        runner = ["coverage", "run"]
    workers = f"{(os.cpu_count() or 1) + 4}*popen//python={python} {mode}"
    spread = ["--tx", workers.rstrip(), "--dist", "worksteal"]
    session.run(*runner, "-m", "pytest", *spread, *arguments, *session.posargs, env=variables)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and format."""
    session.install("ruff>=0.9")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def stubs(session: nox.Session) -> None:
    """Write each vendor's `client.pyi` again from its request models."""
    session.install("-e", ".", "ruff>=0.9")
    session.run("python", "tests/support/client_stubs.py")


@nox.session
def layers(session: nox.Session) -> None:
    """Check that imports keep the rules of the house."""
    session.install(".[sandbox]", "import-linter>=2")
    session.run("lint-imports")


@nox.session(python=False)
def house(session: nox.Session) -> None:
    """Draw CONTRIBUTING.md's picture of the package again; a test compares it with the tree."""
    session.run("python", "tests/support/house.py")


@nox.session
def types(session: nox.Session) -> None:
    """Check types, in the package and for those who use it."""
    session.install(".[sandbox]", *group("types"))
    session.run("mypy")
    session.run("mypy", "tests/sandbox/conftest.py")
    session.run("mypy", "tests/jupyter/conftest.py")
    session.run("pytest", "-q", "tests/vendors/test_vendoring.py", "-k", "typed")
    tools = ["tests/vendors/test_checkers.py", "tests/vendors/test_editors.py"]
    session.run("pytest", "-q", *tools, "-k", "not jedi")
    session.run("basedpyright", "--threads", str(os.cpu_count() or 1))
    session.run("basedpyright", "--verifytypes", "tokenkit", "--ignoreexternal")


@nox.session(python=ALL_PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests on every supported Python that is installed, each in a way of its own.

    The oldest has the lowest versions of what the package needs. The newest also runs what is
    built around the package: documentation, examples, notebooks, engines. The two together take
    every branch. One in between runs as ``python -W error -X dev``, with httpx; another runs with
    httpx2 what brings httpx or names no family, and the tests of gevent and eventlet. That one and
    later versions leave out what takes long and does not depend on the version: kills, failing
    stores and long waits.
    """
    if session.python == NEWEST:
        session.install(".[sandbox]", *group("test"))
        run_tests(session)
    elif session.python == OLDEST:
        session.install(".[sandbox]", *lowest([*RUNTIME, *SANDBOX]), *group("test-package"))
        run_tests(session, *PACKAGE_TESTS)
    elif session.python == STRICT:
        session.install(".[sandbox]", *group("test-package"))
        here = [*PACKAGE_TESTS, *ignoring(*IN_OTHER_PROCESSES)]
        run_tests(session, *here, "-k", "not httpx2", mode="-W error -X dev")
    elif session.python == WITH_HTTPX2:
        session.install(".[sandbox]", *group("test-package"), *group("green"))
        of_httpx = ["--ignore=tests/vendors/test_vendoring.py", "--ignore-glob=*/test_package_*"]
        green = "tests/gauntlet/test_g32_no_threads.py"
        run_tests(session, *FAST_TESTS, green, *of_httpx, HTTP_FAMILY="httpx2")
    else:
        session.install(".[sandbox]", *group("test-package"))
        run_tests(session, *FAST_TESTS)


@nox.session
def coverage(session: nox.Session) -> None:
    """Check that the tests together take every branch."""
    session.install("coverage[toml]>=7.10")
    session.run("coverage", "combine", success_codes=[0, 1])
    session.run("coverage", "report")


@nox.session
def soak(session: nox.Session) -> None:
    """Call a failing server for a minute with each family, at the same time, and account for it.

    It is a session and not a test, as it runs once and would take the cores from the tests, many
    of which measure time. They have a soak of three seconds, on every Python.
    """
    session.install(".[httpx2]")
    families = ("httpx", "httpx2") if sys.version_info >= (3, 11) else ("httpx",)
    session.run("python", "benchmarks/soak.py", "--seconds", "60", "--family", *families)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure what a call costs, beside other libraries and SDKs: see benchmarks/README.md.

    Takes a quarter of an hour, three minutes with `-- --quick`; no part of the default run.
    """
    extras = ".[httpx2,redis,sandbox]" if sys.version_info >= (3, 11) else ".[redis,sandbox]"
    session.install("-e", extras, *group("bench"))
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def mutation(session: nox.Session) -> None:
    """Change signing, retries, decoding and reuse in small ways, and see whether a test notices.

    Takes several hours, and is no part of the default run.
    """
    session.install("-e", ".[sandbox]", "cosmic-ray>=8.4", *group("test"))
    database = session.create_tmp() + "/session.sqlite"
    session.run("cosmic-ray", "init", "--force", "mutation.toml", database)
    session.run("cr-filter-operators", database, "mutation.toml")
    session.run("cosmic-ray", "exec", "mutation.toml", database)
    session.run("cr-report", "--show-diff", "--surviving-only", database)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation; a warning is an error."""
    session.install(".[sandbox]", *group("docs"))
    session.run("sphinx-build", "-W", "-q", "-j", "auto", "-b", "html", "docs", "docs/_build/html")


def missing_from(wheel: pathlib.Path) -> list[str]:
    """Return what a wheel should hold and doesn't: a file of the package, or the licence."""
    source = pathlib.Path("src")
    files = [path for path in source.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    wanted = {path.relative_to(source).as_posix() for path in files} | {"licenses/LICENSE"}
    held = zipfile.ZipFile(wheel).namelist()
    return sorted(wanted.difference(held, (name.partition("/")[2] for name in held)))


@nox.session
def package(session: nox.Session) -> None:
    """Build sdist and wheel, judge them, and import the wheel in a clean environment.

    `nox -s package -- dist` leaves the two files in `dist`, which must be empty.
    """
    session.install("build", "check-wheel-contents", "hatchling>=1.26", "pyroma>=5", "twine>=6.1")
    scratch = pathlib.Path(session.create_tmp())
    shutil.rmtree(scratch / "dist", ignore_errors=True)
    target = pathlib.Path(session.posargs[0]) if session.posargs else scratch / "dist"
    if any(target.glob("*")):
        session.error(f"{target} is not empty")
    # The wheel is made from the sdist, which is thereby known to be whole.
    session.run("python", "-m", "build", "--no-isolation", "--outdir", str(target))
    (sdist,), (wheel,) = target.glob("*.tar.gz"), target.glob("*.whl")
    session.run("twine", "check", "--strict", str(sdist), str(wheel))
    session.run("check-wheel-contents", str(wheel))
    session.run("pyroma", f"--min={PYROMA_MARKS}", str(sdist))
    if missing := missing_from(wheel):
        session.error(f"the wheel lacks {', '.join(missing)}")
    clean = scratch / "clean"
    session.run("python", "-m", "venv", "--clear", str(clean))
    python = str(clean / ("Scripts" if os.name == "nt" else "bin") / "python")
    session.run(python, "-m", "pip", "install", "-q", str(wheel), external=True)
    session.run(python, "-I", "-W", "error", "-c", "from tokenkit import *", external=True)
