#!/usr/bin/env python3
import os, sys; sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from truth import *

need('sort')
f = text("t24.txt", 24)
measure("sort_parallel", "threads", "compute", f"exec env LC_ALL=C sort --parallel=1 -S 200M -o /dev/null {f}", {"t2": ("threads" if "threads" != "sequential" else "threads", f"exec env LC_ALL=C sort --parallel=2 -S 200M -o /dev/null {f}")}, info=dict(workers=2))
