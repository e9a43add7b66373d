"""What the servers of this example do to the world: they tell it to a file.

Nothing is told unless the environment variable SIDE_EFFECTS names the file.
"""

import json
import os
from pathlib import Path


def record(tool: str, **details: object) -> None:
    """Append one call that had an effect, as a line of JSON."""
    if path := os.environ.get("SIDE_EFFECTS"):
        with Path(path).open("a") as file:
            file.write(json.dumps({"tool": tool, **details}) + "\n")
