"""Asks basedpyright's language server what an editor would show."""

import json
import os
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["Editor", "open_in_editor"]


class Editor:
    """One file, open in an editor that asks a language server."""

    def __init__(self, server: "subprocess.Popen[bytes]", path: Path) -> None:
        self._server = server
        self._path = path
        self._asked = 0

    def _write(self, message: Mapping[str, Any]) -> None:
        assert self._server.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._server.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._server.stdin.flush()

    def _read(self) -> dict[str, Any]:
        assert self._server.stdout is not None
        length = 0
        while line := self._server.stdout.readline().strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        message: dict[str, Any] = json.loads(self._server.stdout.read(length))
        return message

    def tell(self, method: str, parameters: Mapping[str, Any]) -> None:
        """Send a notification."""
        self._write({"method": method, "params": parameters})

    def ask(self, method: str, parameters: Mapping[str, Any]) -> Any:
        """Send a request; return its result, and respond to what the server asks meanwhile."""
        self._asked += 1
        self._write({"id": self._asked, "method": method, "params": parameters})
        while True:
            message = self._read()
            if "method" not in message and message.get("id") == self._asked:
                assert "error" not in message, message["error"]
                return message["result"]
            if "method" in message and "id" in message:
                items = message.get("params", {}).get("items", [])
                self._write({"id": message["id"], "result": [{} for _ in items]})

    def at(self, text: str) -> dict[str, Any]:
        """Return the place of a text's last character, for a request's parameters."""
        for number, line in enumerate(self._path.read_text("utf-8").splitlines()):
            if text in line:
                column = line.index(text) + len(text) - 1
                position = {"line": number, "character": column}
                return {"textDocument": {"uri": self._path.as_uri()}, "position": position}
        raise AssertionError(f"{text!r} is not in the file")

    def hover(self, text: str) -> str:
        """Return the hover text at the end of a text."""
        shown: str = self.ask("textDocument/hover", self.at(text))["contents"]["value"]
        return shown

    def definitions(self, text: str) -> list[tuple[str, str]]:
        """Return the file's name and the line where the name at a text's end is defined."""
        found: list[dict[str, Any]] = self.ask("textDocument/definition", self.at(text))
        places: list[tuple[str, str]] = []
        for one in found:
            path = Path(str(one["uri"]).removeprefix("file://"))
            lines = path.read_text("utf-8").splitlines()
            line: int = one["range"]["start"]["line"]
            places.append((path.name, lines[line].strip()))
        return places

    def completions(self, text: str) -> dict[str, int]:
        """Map each completion of a text to its kind."""
        place = self.at(text)
        place["position"]["character"] += 1
        result = self.ask("textDocument/completion", place)
        return {item["label"]: item["kind"] for item in result["items"]}


@contextmanager
def open_in_editor(folder: Path, source: str) -> Generator[Editor, None, None]:
    """Open a file with this source in its own folder."""
    path = folder / "opened.py"
    path.write_text(source, "utf-8")
    here = Path(sys.executable).parent
    # It looks on PATH for the Python whose packages it reads.
    server = subprocess.Popen(
        [here / "basedpyright-langserver", "--stdio"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PATH": os.pathsep.join([str(here), os.environ.get("PATH", "")])},
    )
    try:
        editor = Editor(server, path)
        root = folder.as_uri()
        editor.ask(
            "initialize",
            {
                "processId": None,
                "rootUri": root,
                "capabilities": {
                    "workspace": {"configuration": True},
                    "textDocument": {"hover": {"contentFormat": ["markdown"]}},
                },
                "workspaceFolders": [{"uri": root, "name": "folder"}],
            },
        )
        editor.tell("initialized", {})
        document = {"uri": path.as_uri(), "languageId": "python", "version": 1, "text": source}
        editor.tell("textDocument/didOpen", {"textDocument": document})
        yield editor
        editor.ask("shutdown", {})
        editor.tell("exit", {})
        server.wait(timeout=60)
    finally:
        server.kill()
        server.wait()
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.close()
        server.stdout.close()
