#!/usr/bin/env python3
import os, sys; sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from truth import *

need("curl")
u = f"'http://127.0.0.1:{service(30)}/[1-40]' -o /dev/null"
z = f"exec curl -sZ --parallel-max %d --parallel-immediate {u}"
measure("curl_urls", "async", "io_wait", f"exec curl -s {u}", {"Z8": ("async", z % 8), "Z20": ("async", z % 20)}, info=dict(workers=8))
