#!/usr/bin/env python3
import os, sys; sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from truth import *

need('xz')
f = text("t12.txt", 12)
measure("xz_threads", "threads", "compute", f"exec xz -3 -T1 --block-size=2MiB -c {f}", {"t2": ("threads" if "threads" != "sequential" else "threads", f"exec xz -3 -T2 --block-size=2MiB -c {f}")}, info=dict(workers=2))
