"""Run a command to its end and print what it has cost, as JSON: seconds, processor seconds, bytes.

It is a process of its own, and small, since Linux counts the memory of a parent as the child's.
"""

import json
import os
import sys
import time

start = time.perf_counter()
process = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ)
_, status, used = os.wait4(process, 0)
seconds = time.perf_counter() - start
if code := os.waitstatus_to_exitcode(status):
    sys.exit(code)
print(json.dumps([seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024]))
