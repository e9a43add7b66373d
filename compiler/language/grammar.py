"""The tables of the language, which Lark makes of `wf.lark`.

Making them takes a fifth of a second, so they are kept in the user's cache, as data: nothing that
is read from there is ever run. They are kept apart for each version of wfc, Lark and Python, as
they may differ between these. Only where they are not kept, Lark is imported.
"""

from __future__ import annotations

import re
from functools import cache
from hashlib import sha256
from pkgutil import get_data
from typing import TYPE_CHECKING, Any

from ..cache import keep_for_this_wfc, kept_by_this_wfc, this_wfc
from .parser import END, NOTHING, WORD, Parser, Rule, Tables

if TYPE_CHECKING:
    import lark

STARTS = ["file", "declaration", "statement", "step", "workflow_header", "path"]


@cache
def grammar(*, keeps_all_tokens: bool = False) -> Parser:
    """Return the parser of the language, for each of `STARTS`.

    With `keeps_all_tokens` its trees hold every token of the text, for printing it again.
    """
    made_of = repr((this_wfc(), keeps_all_tokens))
    name = f"grammar-{sha256(made_of.encode()).hexdigest()[:32]}"
    tables = kept_by_this_wfc(name)
    if tables is None:
        tables = tuple(_tables(_lark(keeps_all_tokens)))
        keep_for_this_wfc(name, tables)
    return Parser(Tables(*tables))


def _lark(keeps_all_tokens: bool) -> lark.Lark:
    """Return what Lark makes of the grammar."""
    from lark import Lark

    return Lark(
        (get_data("wfc.grammar", "wf.lark") or b"").decode(),
        parser="lalr",
        start=STARTS,
        keep_all_tokens=keeps_all_tokens,
        maybe_placeholders=not keeps_all_tokens,
    )


def _tables(made: lark.Lark) -> Tables:
    """Return what Lark worked out of a grammar, as plain data."""
    table = made.parser.parser._parse_table
    numbers = {rule: number for number, rule in enumerate(made.rules)}
    actions: list[dict[str, int]] = []
    gotos: list[dict[str, int]] = []
    for _, row in sorted(table.states.items()):
        codes = {
            str(symbol): argument if isinstance(argument, int) else ~numbers[argument]
            for symbol, (_, argument) in row.items()
        }
        actions.append({symbol: code for symbol, code in codes.items() if symbol.isupper()})
        gotos.append({symbol: code for symbol, code in codes.items() if not symbol.isupper()})
    for state in table.end_states.values():
        actions[state][END] = state  # all is read, and no state is after that
    symbols = [(symbol, rule) for rule in made.rules for symbol in rule.expansion]
    kept = {str(symbol.name) for symbol, rule in symbols if symbol.is_term and _keeps(rule, symbol)}
    rules = [_rule(rule, kept, made.options.maybe_placeholders) for rule in made.rules]
    _shorten(actions, gotos, rules)
    return Tables(table.start_states, actions, gotos, rules, kept, *_lexing(made))


def _rule(rule: Any, kept: set[str], has_places: bool) -> Rule:
    """Return how a rule is reduced, and how its node is built, as Lark would.

    With `has_places` there is a place for each optional child, also for one that is absent.
    """
    options = rule.options
    are_absent = options.empty_indices if has_places else ()
    symbols = iter(rule.expansion)
    plan: list[int | None] = []
    width = 0
    for is_absent in are_absent or [False] * len(rule.expansion):
        if is_absent:
            plan.append(None)
            continue
        symbol = next(symbols)
        if _keeps(rule, symbol):
            plan.append(~width if _is_list(symbol) else width)
        if not symbol.is_term or symbol.name in kept:
            width += 1
    origin = str(rule.origin.name)
    is_whole = plan == [*range(width)]
    name: str | None = str(rule.alias or options.template_source or origin)
    if _is_list(rule.origin):
        name = ""
    elif options.expand1 and not rule.alias and len(plan) == 1:
        assert is_whole, f"{rule} leaves out a value, or takes in a list"
        name = None
    return len(rule.expansion), origin, name, width, None if is_whole else tuple(plan)


def _keeps(rule: Any, symbol: Any) -> bool:
    """Whether what is read by a symbol of a rule is a part of its node."""
    return rule.options.keep_all_tokens or not getattr(symbol, "filter_out", False)


def _is_list(symbol: Any) -> bool:
    """Whether what is read by a symbol are children of the node around it."""
    return not symbol.is_term and symbol.name.startswith("_")


def _shorten(actions: list[dict[str, int]], gotos: list[dict[str, int]], rules: list[Rule]) -> None:
    """Lead past the states in which nothing can be done but to let a value stand for its rule.

    These are the unit productions, a third of all reductions. What cannot stand behind one is
    found in the state that is led to, before anything else is read.
    """
    origins = {}
    for state, row in enumerate(actions):
        code, *others = {*row.values()}
        if code < 0 and not others:
            size, origin, name, *_ = rules[~code]
            if size == 1 and name is None:
                origins[state] = origin
    for row in gotos:
        for symbol, state in row.items():
            while state in origins:
                state = row[origins[state]]
            row[symbol] = state


def _lexing(made: lark.Lark) -> tuple[Any, ...]:
    """Return the parts of the tables by which tokens are told: from `literals` on."""
    literals, terminals = {}, {}
    ignored, marks = [], []
    tried: list[tuple[str | None, str]] = []
    for each in made.parser.lexer.root_lexer.terminals:  # the first to be tried first
        expression = each.pattern.to_regexp()
        if each.name in made.ignore_tokens:
            ignored.append(expression)
        elif each.pattern.type == "re":
            terminals[each.name] = expression
            tried.append((None if each.name == WORD else each.name, expression))
        else:
            literals[each.pattern.value] = each.name
            if not each.pattern.value.isalpha():
                terminals[each.name] = expression
                marks.append(expression)
    tried += [(None, "|".join(marks)), (END, r"\Z"), (NOTHING, "")]
    # A group in front would hide from `re` with which characters an alternative can start. What is
    # ignored is not tried again with less of it: no comment ends before its line.
    alternatives = "|".join(f"(?:{expression})()" for _, expression in tried)
    whole = f"((?>(?:{'|'.join(ignored)})*))(?:{alternatives})"
    groups = [None, None, *(terminal for terminal, _ in tried)]
    assert re.compile(whole).groups == len(groups) - 1, "a terminal has a group that is not `(?:…)`"
    return literals, terminals, whole, groups
