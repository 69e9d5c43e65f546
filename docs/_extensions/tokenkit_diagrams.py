"""The directives ``sequence`` and ``flow``, which put diagrams into a page."""

from docutils import nodes
from drawing import DiagramError, draw_flow, draw_sequence
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class _Diagram(SphinxDirective):
    """A diagram; the argument says what it shows, for those who can't see it."""

    has_content = True
    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """Draw it; a line that can't be drawn is an error of the page."""
        try:
            svg = self.draw(list(self.content), self.arguments[0])
        except DiagramError as error:
            raise self.error(str(error)) from error
        figure = f'<figure class="diagram">\n{svg}\n</figure>'
        return [nodes.raw("", figure, format="html")]

    def draw(self, lines: list[str], title: str) -> str:
        """Draw it."""
        raise NotImplementedError


class Sequence(_Diagram):
    """Who tells what to whom."""

    def draw(self, lines: list[str], title: str) -> str:
        """Draw it."""
        return draw_sequence(lines, title)


class Flow(_Diagram):
    """Steps, and what follows which."""

    def draw(self, lines: list[str], title: str) -> str:
        """Draw it."""
        return draw_flow(lines, title)


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directives."""
    app.add_directive("sequence", Sequence)
    app.add_directive("flow", Flow)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
