"""What cold `wfc check` and `wfc build` cost as whole processes, beside what other compilers cost.

Each compiles as much as the onboarding example has: six tools, some thirty fields. wfc is measured
on a file that has just been edited, as nothing is remembered of that, and on one that has not.
"""

import json
import shutil
import time
from itertools import count
from pathlib import Path
from typing import Any

from measuring import Command, in_turns

HERE = Path(__file__).parent
EXAMPLE = HERE.parent / "examples/onboarding"
REPETITIONS = 15
IMPORTS = "python -c 'import jinja2, black'"
"""The least that a build of an edited file costs: what writes it has to be imported."""


def measure(wfc: Path, peers: Path, folder: Path) -> dict[str, Any]:
    """Return what each command costs; `wfc` and `peers` are the folders of their programs."""
    example = folder / "onboarding"
    shutil.copytree(EXAMPLE, example, dirs_exist_ok=True)
    shutil.copytree(HERE / "inputs", folder, dirs_exist_ok=True)
    (folder / "onboarding.json").write_text(json.dumps(_schemas(example), indent=2))
    edited = folder / "edited"
    shutil.copytree(EXAMPLE, edited, dirs_exist_ok=True)
    source = (edited / "onboarding.wf").read_text()
    edits = count(time.time_ns())  # never one of an earlier run, which wfc may have kept

    def edit() -> None:
        said = source.replace("across all systems", f"across {next(edits)} systems")
        (edited / "onboarding.wf").write_text(said)

    check: list[str | Path] = [wfc / "wfc", "check", "--locked", "onboarding.wf"]
    build: list[str | Path] = [wfc / "wfc", "build", "--locked", "onboarding.wf", "-o", "made.py"]

    models: list[str | Path] = [peers / "datamodel-codegen", "--input", "onboarding.json"]
    models += ["--input-file-type", "jsonschema", "--output", "models.py"]
    usages = in_turns(
        {
            "python -c pass": Command([wfc / "python", "-c", "pass"], folder),
            "python -c 'import lark'": Command([wfc / "python", "-c", "import lark"], folder),
            IMPORTS: Command([wfc / "python", "-c", "import jinja2, black"], folder),
            "wfc check": Command(check, edited, edit),
            "wfc build": Command(build, edited, edit),
            "wfc check, unchanged": Command(check, example),
            "wfc build, unchanged": Command(build, example),
            "datamodel-codegen": Command(models, folder),
            "baml-cli generate": Command([peers / "baml-cli", "generate"], folder),
            "sqlc generate": Command([peers / "sqlc", "generate"], folder / "sqlc"),
        },
        REPETITIONS,
    )
    return {name: vars(usage) for name, usage in usages.items()}


def _schemas(example: Path) -> dict[str, Any]:
    """Return the schemas of the example's tools as one, as datamodel-codegen reads them."""
    lock = json.loads((example / "tools.lock.json").read_text())
    tools = [tool for server in lock["servers"].values() for tool in server["tools"]]
    schemas = {}
    for tool in tools:
        schemas[f"{tool['name']}_input"] = tool["inputSchema"]
        if "outputSchema" in tool:
            schemas[f"{tool['name']}_output"] = tool["outputSchema"]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$defs": schemas}
