#!/usr/bin/env python3
import os, sys; sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from truth import *

need('md5sum')
f = text("t60.txt", 60)
measure("md5sum_leave", "sequential", "leave", f"exec md5sum {f}", {"t2": ("sequential" if "sequential" != "sequential" else "threads", f"exec openssl dgst -md5 {f}")}, info=dict(workers=2))
