"""wfc: a compiler from small `.wf` files to MCP servers in plain Python.

The public API is `check`, `build` and `format`, of which `wfc.api` says what they take and return,
and `__version__`. They are imported when they are first used: a command needs few of the modules.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import build, check, format

__version__ = "0.1.0"
__all__ = ["__version__", "build", "check", "format"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from . import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
