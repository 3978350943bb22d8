#!/usr/bin/env python3
import os, sys; sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from truth import *

need("lzip.lzip", "plzip")  # lzip may be plzip itself
f = text("t12.txt", 12)
measure("lzip_plzip", "threads", "compute", f"exec lzip.lzip -1 -c {f}", {"t2": ("threads" if "threads" != "sequential" else "threads", f"exec plzip -1 -n2 -c -B 1MiB {f}")}, info=dict(workers=2))
