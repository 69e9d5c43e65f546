"""Every check of the project: `nox` runs them all, `nox -s NAME` one of them."""

import os
import pathlib

import nox

nox.options.error_on_missing_interpreters = False
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["lint", "layers", "types", "tests", "tests_lowest", "coverage", "docs"]

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


def run_tests(session: nox.Session) -> None:
    environment = {"COVERAGE_FILE": str(pathlib.Path(".coverage").absolute())}
    session.run(
        "coverage",
        "run",
        "-m",
        "pytest",
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
    """Run the tests with the lowest versions of what the package needs."""
    runtime = PROJECT["project"]["dependencies"]
    session.install(".[sandbox]", *lowest([*runtime, *SANDBOX]), *group("test"))
    run_tests(session)


@nox.session
def coverage(session: nox.Session) -> None:
    """Check that the tests together take every branch."""
    session.install("coverage[toml]>=7.10")
    session.run("coverage", "combine", success_codes=[0, 1])
    session.run("coverage", "report")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation; a warning is an error."""
    session.install(".[sandbox]", *group("docs"))
    session.run("sphinx-build", "-W", "-q", "-b", "html", "docs", "docs/_build/html")
