#!/usr/bin/env python3
import os, sys; sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from truth import *

need("wget", "wget2")
port = service(40)
u = path("urls.txt"); open(u, "w").write("".join(f"http://127.0.0.1:{port}/{i}\n" for i in range(32)))
measure("wget_wget2", "threads", "io_wait", f"exec wget -q -O /dev/null -i {u}", {"t4": ("threads", f"exec wget2 -q --max-threads=4 -O /dev/null -i {u}")}, info=dict(workers=4))
