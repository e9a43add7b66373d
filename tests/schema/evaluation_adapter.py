"""`assignable` under the question that the evaluation asks: two schemas as written, one word."""

from typing import Any

from wfc.schema import NO_COUNTEREXAMPLE, SchemaError, assignable, normalize


def check(source: Any, target: Any) -> dict[str, Any]:
    """Return the verdict on two schemas of any draft."""
    try:
        verdict = assignable(normalize(source), normalize(target))
    except SchemaError as problem:
        return {"verdict": "unknown", "reason": f"{problem.message} at {problem.pointer}"}
    answer = {
        "verdict": verdict.answer,
        "reason": verdict.reason,
    }
    if verdict.answer == "no":
        answer["path"] = list(verdict.path)
        if verdict.counterexample is not NO_COUNTEREXAMPLE:
            answer["witness"] = verdict.counterexample
    return answer
