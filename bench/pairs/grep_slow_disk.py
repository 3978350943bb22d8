#!/usr/bin/env python3
import os, sys; sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from truth import *

need("grep")
d = slow_disk(pieces(text("t24.txt", 24), "slow24g", 256, "txt"), 1000, 5000)
names = " ".join(f"f{i:03d}.txt" for i in range(256))
c = f"cd {d}; printf '%%s\\n' {names} | xargs -n%d -P%d grep -c etaoin"
measure("grep_slow_disk", "processes", "io_wait", f"cd {d}; exec grep -c etaoin {names}", {"P16": ("processes", c % (16, 16)), "P32": ("processes", c % (8, 32))}, ok=(0, 1, 123), info=dict(workers=16))
