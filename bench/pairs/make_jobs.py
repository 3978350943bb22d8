#!/usr/bin/env python3
import os, sys; sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from truth import *

need("make", "gcc")
d = path("make"); os.makedirs(d, exist_ok=True)
for i in range(12): open(f"{d}/m{i}.c", "w").write("#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n" + "".join(f"int f{i}_{k}(int x){{ char b[64]; snprintf(b, 64, \"%d\", x * {k}); return (int)strlen(b) + abs(x); }}\n" for k in range(150)))
open(f"{d}/Makefile", "w").write("all: " + " ".join(f"m{i}.o" for i in range(12)) + "\n%.o: %.c\n\tgcc -O1 -c -o $@ $<\n")
c = f"exec make -s -C {d} -B %s"
measure("make_jobs", "processes", "compute", c % "", {"j2": ("processes", c % "-j2")}, info=dict(workers=2))
