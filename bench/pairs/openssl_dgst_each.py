#!/usr/bin/env python3
import os, sys; sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from truth import *

need('openssl')
d = pieces(text("t60.txt", 60), "dgst", 24, "bin")
c = f"cd {d}; ls *.bin | xargs %s -n1 openssl dgst -sha512"
measure("openssl_dgst_each", "processes", "compute", c % "", {"P2": ("processes", c % "-P2")}, info=dict(workers=2))
