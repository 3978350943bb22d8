#!/usr/bin/env python3
import os, sys; sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from truth import *

need("wget")
port = service(40)
d = path("urls"); os.makedirs(d, exist_ok=True)
for i in range(24): open(f"{d}/{i:02d}.url", "w").write(f"http://127.0.0.1:{port}/{i}\n")
c = f"cd {d}; ls *.url | xargs %s -n1 wget -q -O /dev/null -i"
measure("wget_each", "processes", "io_wait", c % "", {"P8": ("processes", c % "-P8")}, info=dict(workers=8))
