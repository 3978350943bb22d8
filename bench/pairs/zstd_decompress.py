#!/usr/bin/env python3
import os, sys; sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from truth import *

need('zstd')
f = text("t24.txt", 24)
subprocess.run(["zstd", "-qf", f], check=True)
measure("zstd_decompress", "sequential", "leave", f"exec zstd -qdc {f}.zst", {"t2": ("sequential" if "sequential" != "sequential" else "threads", f"exec zstd -qdc -T2 {f}.zst")}, info=dict(workers=2))
