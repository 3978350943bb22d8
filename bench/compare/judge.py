"""judge.py DIR: what the gates in DIR said, and what Welch's t-test says of the same samples taken as single runs."""
import glob
import json
import math
import statistics
import sys


def gates(name):
    files = sorted(glob.glob(f"{sys.argv[1]}/{name}.*.json"), key=lambda f: int(f.split(".")[-2]))
    return [json.load(open(f, encoding="utf-8")) for f in files]


def incomplete_beta(a, b, x):
    """Regularised, by the continued fraction of Numerical Recipes, 6.4."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(b, a, 1 - x)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log(1 - x)) / a
    f, c, d = 1.0, 1.0, 0.0
    for i in range(300):
        m = i // 2
        if i == 0:
            numerator = 1.0
        elif i % 2 == 0:
            numerator = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        else:
            numerator = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = 1 / (1 + numerator * d)
        c = 1 + numerator / c
        f *= c * d
        if abs(1 - c * d) < 1e-10:
            break
    return front * (f - 1)


def welch(a, b):
    va, vb = statistics.variance(a) / len(a), statistics.variance(b) / len(b)
    t = (statistics.mean(a) - statistics.mean(b)) / math.sqrt(va + vb)
    df = (va + vb) ** 2 / (va**2 / (len(a) - 1) + vb**2 / (len(b) - 1))
    return incomplete_beta(df / 2, 0.5, df / (df + t * t)), t


def interval(k, n):
    """Wilson, 95 %."""
    z, p = 1.96, k / n
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return [100 * max(0, (p + z * z / (2 * n) + s * half) / (1 + z * z / n)) for s in (-1, 1)]


def show(label, k, n):
    low, high = interval(k, n)
    print(f"  {label:58} {k:4} of {n:4}  {100 * k / n:5.1f} % [{low:.1f}, {high:.1f}]")


def t_test(old, new, slower):
    """Each version in one go, at another time than the other: gate i's old samples, gate i + 1's new ones."""
    said = 0
    for a, b in zip(old, new[1:]):
        p, t = welch(a["walls_old_ns"], b["walls_new_ns"])
        said += p < 0.05 and (t < 0 or not slower)
    return said, min(len(old), len(new) - 1)


for name, title in ("same", "the same program (A/A)"), ("five", "5 % more work"), ("ten", "10 % more work"):
    every = gates(name)
    checks = [g["checks"][0] for g in every]
    if len(checks) < 2:
        continue
    pairs = sorted(c["n"] for c in checks)
    change = sorted(100 * (1 / c["ratio"] - 1) for c in checks)
    k = len(checks)
    print(f"{title}: {k} gates, {pairs[k // 2]} pairs each (median; {pairs[0]} to {pairs[-1]}), "
          f"change {change[k // 2]:+.2f} % (median; {change[k // 20]:+.2f} to {change[-1 - k // 20]:+.2f} in 90 %)")
    show("gate failed (2 % slower is proven)", sum(not g["passed"] for g in every), k)
    show("slower or faster by more than 1 % is proven" if name == "same" else "slower by more than 1 % is proven",
         sum(c["high"] < 0.99 or (name == "same" and c["low"] > 1.01) for c in checks), k)
    show("Welch's t-test on single runs, p < 0.05", *t_test(every, every, name != "same"))
