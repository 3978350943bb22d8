#!/usr/bin/env python3
import os, sys; sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from truth import *

need("wget", "aria2c")
port = service(30)
u = path("urls40.txt"); open(u, "w").write("".join(f"http://127.0.0.1:{port}/{i}\n" for i in range(40)))
# aria2 goes by five files at a time and one connection to each server unless told otherwise; it cannot but keep what it fetches
a2 = f"exec aria2c -q --no-conf -j %d --file-allocation=none --allow-overwrite=true --auto-file-renaming=false -d {path('aria2')} -i {u}"
measure("wget_aria2", "async", "io_wait", f"exec wget -q -O /dev/null -i {u}", {"j8": ("async", a2 % 8), "j1": ("async", a2 % 1)}, info=dict(workers=8))
