#!/usr/bin/env python3
import os, sys; sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from truth import *

need('bzip2', 'lbzip2')
f = text("t12.txt", 12)
measure("bzip2_lbzip2", "threads", "compute", f"exec bzip2 -c {f}", {"t2": ("threads" if "threads" != "sequential" else "threads", f"exec lbzip2 -n2 -c {f}")}, info=dict(workers=2))
