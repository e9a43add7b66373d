"""Nothing that generated code relies on can be hidden by what a workflow calls something."""

import builtins
import symtable
from collections.abc import Iterator
from pathlib import Path

import pytest
from wfc.emitting.imports import module_level_names
from wfc.emitting.names import USED_IN_FUNCTIONS

HERE = Path(__file__).parent
SERVERS = [*HERE.glob("cases/*/expected.py"), *HERE.parent.glob("examples/*/server.py")]


def globals_read(scope: symtable.SymbolTable) -> Iterator[str]:
    """Yield each name that a scope and those in it look up at the module's top."""
    for symbol in scope.get_symbols():
        if symbol.is_global() and symbol.is_referenced():
            yield symbol.get_name()
    for inner in scope.get_children():
        yield from globals_read(inner)


@pytest.mark.parametrize("server", SERVERS, ids=lambda server: server.parent.name)
def test_what_is_read_is_kept_free(server: Path) -> None:
    module = symtable.symtable(server.read_text("utf-8"), server.name, "exec")
    built_in = {name for name in globals_read(module) if hasattr(builtins, name)}
    assert built_in - {"__name__"} <= module_level_names()
    defined = {symbol.get_name() for symbol in module.get_symbols() if symbol.is_assigned()}
    in_functions = {
        name
        for function in module.get_children()
        if function.get_name().startswith("run_")
        for name in globals_read(function)
    }
    runners = {name for name in defined if name.startswith("run_")}
    classes = {name for name in in_functions if name[0].isupper()}
    assert in_functions - classes - runners <= USED_IN_FUNCTIONS
