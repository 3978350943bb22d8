#!/usr/bin/env python3
import os, sys; sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from truth import *

need("wget", "wget2")
port = service(30)
u = path("urls40.txt"); open(u, "w").write("".join(f"http://127.0.0.1:{port}/{i}\n" for i in range(40)))
w2 = f"exec wget2 -q --max-threads=%d -O /dev/null -i {u}"
measure("wget_wget2_at_8", "threads", "io_wait", f"exec wget -q -O /dev/null -i {u}", {"t8": ("threads", w2 % 8), "t1": ("threads", w2 % 1)}, info=dict(workers=8))
