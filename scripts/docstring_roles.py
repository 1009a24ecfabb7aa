"""For the site: show what docstrings refer to, ``:func:`epyflow.strategies.run```, as code."""

import re
from typing import Any

from griffe import Extension, Object

ROLE = re.compile(r":(?:attr|class|data|func|meth|mod):`~?([^`]+)`")


class DocstringRoles(Extension):
    """Replaces Sphinx's roles in docstrings, which Markdown does not know."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Change the docstring of one object."""
        if obj.docstring:
            obj.docstring.value = ROLE.sub(r"`\1`", obj.docstring.value)
