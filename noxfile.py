"""Every check of the project: `nox` runs them all, `nox -s NAME` one of them."""

import os
import pathlib
import sys

import nox

nox.options.error_on_missing_interpreters = False
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = [
    "lint",
    "layers",
    "types",
    "tests",
    "tests_lowest",
    "coverage",
    "docs",
]

PROJECT = nox.project.load_toml("pyproject.toml")
PYTHONS = nox.project.python_versions(PROJECT)
SANDBOX = PROJECT["project"]["optional-dependencies"]["sandbox"]


def select_pyenv_versions() -> None:
    """Let pyenv's shims answer for each installed version; they know only the selected ones."""
    root = pathlib.Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    versions = [path.name for path in sorted((root / "versions").glob("3.*"))]
    if versions:
        os.environ["PYENV_VERSION"] = ":".join(versions)


select_pyenv_versions()


def group(name: str) -> list[str]:
    return list(nox.project.dependency_groups(PROJECT, name))


def lowest(requirements: list[str]) -> list[str]:
    return [requirement.replace(">=", "==") for requirement in requirements]


def run_tests(session: nox.Session, *arguments: str) -> None:
    environment = {"COVERAGE_FILE": str(pathlib.Path(".coverage").absolute())}
    session.run(
        "coverage",
        "run",
        "-m",
        "pytest",
        "-n",
        "auto",
        "--dist",
        "loadfile",
        *arguments,
        *session.posargs,
        env=environment,
    )


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and format."""
    session.install("ruff>=0.9")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def layers(session: nox.Session) -> None:
    """Check that imports keep the rules of the house."""
    session.install(".[sandbox]", "import-linter>=2")
    session.run("lint-imports")


@nox.session
def types(session: nox.Session) -> None:
    """Check types, in the package and for those who use it."""
    session.install(".[sandbox]", *group("types"))
    session.run("mypy")
    session.run("mypy", "tests/sandbox/conftest.py")
    session.run("basedpyright")
    session.run("basedpyright", "--verifytypes", "tokenkit", "--ignoreexternal")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests on every supported Python that is installed."""
    session.install(".[sandbox]", *group("test"))
    run_tests(session)


@nox.session(python=PYTHONS[0])
def tests_lowest(session: nox.Session) -> None:
    """Run the tests with the lowest versions of what the package needs.

    The hostile conditions are left to the newest versions, to keep the whole run short.
    """
    runtime = PROJECT["project"]["dependencies"]
    session.install(".[sandbox]", *lowest([*runtime, *SANDBOX]), *group("test"))
    run_tests(session, "--ignore=tests/gauntlet")


@nox.session
def coverage(session: nox.Session) -> None:
    """Check that the tests together take every branch."""
    session.install("coverage[toml]>=7.10")
    session.run("coverage", "combine", success_codes=[0, 1])
    session.run("coverage", "report")


@nox.session
def soak(session: nox.Session) -> None:
    """Call a failing server for a minute, half of it with each family, and account for it.

    Is no part of the default run, where tests/gauntlet has a short soak.
    """
    session.install(".[httpx2]")
    families = ("httpx", "httpx2") if sys.version_info >= (3, 11) else ("httpx",)
    for family in families:
        session.run("python", "benchmarks/soak.py", "--seconds", "30", "--family", family)


@nox.session
def mutation(session: nox.Session) -> None:
    """Change signing, retries and decoding in small ways, and see whether a test notices.

    Takes about an hour, and is no part of the default run.
    """
    session.install("-e", ".[sandbox]", "cosmic-ray>=8.4", *group("test"))
    database = session.create_tmp() + "/session.sqlite"
    session.run("cosmic-ray", "init", "--force", "mutation.toml", database)
    session.run("cosmic-ray", "exec", "mutation.toml", database)
    session.run("cr-report", "--show-diff", "--surviving-only", database)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation; a warning is an error."""
    session.install(".[sandbox]", *group("docs"))
    session.run("sphinx-build", "-W", "-q", "-b", "html", "docs", "docs/_build/html")
