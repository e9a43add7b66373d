"""Never answers, and does not end when its standard input does.

Writes its process id to the file PID_FILE names.
"""

import os
import time
from pathlib import Path

if "PID_FILE" in os.environ:
    Path(os.environ["PID_FILE"]).write_text(str(os.getpid()))
print("Listening…", flush=True)
time.sleep(60)
