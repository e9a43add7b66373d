"""Fails before it serves, and says why on standard error, with a secret and colours in it."""

import os
import sys

for number in range(30):
    print(f"line {number}", file=sys.stderr)
sys.exit(f"\x1b[31mcannot log in with {os.environ.get('TOKEN')}\x1b[0m")
