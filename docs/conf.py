import sys
from pathlib import Path

import tokenkit

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "tokenkit"
author = "The tokenkit developers"
copyright = "2026, The tokenkit developers"
release = version = tokenkit.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "tokenkit_diagrams",
    "tokenkit_options",
    "tokenkit_reference",
]
exclude_patterns = ["_build"]
html_theme = "furo"
html_theme_options = {  # so that the source's 99 columns fit
    "light_css_variables": {"code-font-size": "var(--font-size--small--3)"},
    "dark_css_variables": {"code-font-size": "var(--font-size--small--3)"},
}
html_title = f"tokenkit {release}"
html_static_path = ["_static"]
html_css_files = ["tokenkit.css"]
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

autodoc_class_signature = "mixed"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
default_role = "literal"
myst_heading_anchors = 3
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
python_display_short_literal_types = True
python_maximum_signature_line_length = 80
toc_object_entries_show_parents = "hide"

# Notebooks run at each build; an error, or a word on stderr, fails it.
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_output_stderr = "warn"
