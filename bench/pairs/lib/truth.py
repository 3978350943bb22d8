"""What the pairs share: inputs, a slow service, a slow disk, and the measuring of a pair. `from truth import *`."""
import atexit, json, os, random, subprocess, sys, tempfile, time
from statistics import median

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
WORK = os.environ.get("TRUTH_DIR", f"{tempfile.gettempdir()}/concur-pairs")
BUDGET = float(os.environ.get("TRUTH_BUDGET", "0"))  # seconds for a pair; 0: its own
STEAL_MOST = 0.06
os.makedirs(WORK, exist_ok=True)
started, mounted = [], []


def need(*programs):
    """Skips the pair where a program is missing: scripts/bootstrap pairs installs them."""
    for p in programs:
        if subprocess.run(["which", p], stdout=subprocess.DEVNULL).returncode:
            sys.exit(f"no {p} here: scripts/bootstrap pairs")


def path(*parts):
    return os.path.join(WORK, *parts)


def text(name, mb):
    """So many MB of words with frequencies like those of a language, always the same."""
    p = path(name)
    if not os.path.exists(p):
        r = random.Random(7)
        words = ["".join(r.choices("etaoinshrdlu", k=r.randint(2, 10))) for _ in range(5000)]
        weights = [1 / (i + 2) for i in range(len(words))]
        lines = [" ".join(r.choices(words, weights, k=6)) + " " for _ in range(20000)]
        with open(p + ".new", "w") as f:
            while f.tell() < mb * 1e6:
                f.write("".join(r.choices(lines, k=1000)) + "\n")
        os.rename(p + ".new", p)
    return p


def pieces(source, name, n, ending, head=b""):
    """n files of equal size in a directory, each beginning with `head`."""
    d = path(name)
    if not os.path.isdir(d):
        data = open(source, "rb").read()
        os.makedirs(d + ".new")
        for i in range(n):
            with open(f"{d}.new/f{i:03d}.{ending}", "wb") as f:
                f.write(head + data[i * len(data) // n : (i + 1) * len(data) // n])
        os.rename(d + ".new", d)
    return d


def wave(mb):
    """The head of a WAV file with so many bytes of 16-bit stereo after it."""
    n = int(mb * 1e6)
    le = lambda x, k: x.to_bytes(k, "little")
    return b"RIFF" + le(36 + n, 4) + b"WAVEfmt " + le(16, 4) + le(1, 2) + le(2, 2) + le(44100, 4) + le(176400, 4) + le(4, 2) + le(16, 2) + b"data" + le(n, 4)


def service(delay_ms):
    """An HTTP server that answers each request after a while; its port."""
    p = subprocess.Popen([sys.executable, f"{HERE}/service.py", str(delay_ms)], stdout=subprocess.PIPE, text=True)
    started.append(p)
    return int(p.stdout.readline())


def slow_disk(directory, us, read_us=0):
    """Mounts what syncs, and reads, in so many microseconds over a directory (root, libfuse3-dev; built with the tests)."""
    exe = os.environ.get("CONCUR_SLOWDISK", f"{ROOT}/build/dev/rewrites/slowdisk")
    if not os.path.exists(exe) or not os.access("/dev/fuse", os.W_OK):
        sys.exit("no slow disk here: scripts/build dev with libfuse3-dev, as root")
    os.makedirs(directory, exist_ok=True)
    started.append(subprocess.Popen([exe, directory, str(us), str(read_us)]))
    for _ in range(100):
        if os.path.ismount(directory):
            return directory
        time.sleep(0.05)
    sys.exit("the slow disk was not mounted")


@atexit.register
def stop():
    for p in started:
        p.terminate()
        p.wait()


def stolen():
    f = [int(x) for x in open("/proc/stat").readline().split()[1:]]
    return f[7], sum(f[:8])


def once(command, ok):
    before, start = stolen(), time.monotonic()
    done = subprocess.run(["bash", "-c", command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE)
    wall, after = time.monotonic() - start, stolen()
    if done.returncode not in ok:
        sys.exit(f"exit {done.returncode}: {command}\n{done.stderr.decode(errors='replace')[-500:]}")
    return wall, (after[0] - before[0]) / max(after[1] - before[1], 1) <= STEAL_MOST


def measure(name, model, row, seq, conc, reps=5, before=None, ok=(0,), budget=30, info=None):
    """seq: the command; conc: {label: (model, command)}, the first is the answer. Adjacent in each round; a round from which
    the host took time is repeated. Prints the ratios of the rounds as one line of JSON."""
    end = time.monotonic() + (BUDGET or budget)
    commands = [seq, *(c for _, c in conc.values())]
    rounds = []

    def run(command):
        if before:
            before()
        return once(command, ok)

    for c in commands:
        run(c)  # warm
    while sum(clean for _, clean in rounds) < reps and (time.monotonic() < end or len(rounds) < 3):
        r = [run(c) for c in commands]
        rounds.append(([w for w, _ in r], all(c for _, c in r)))
    used = [r for r, clean in rounds if clean] or [r for r, _ in rounds]
    answers = {k: [r[0] / r[1 + i] for r in used] for i, k in enumerate(conc)}
    ratios = answers[next(iter(conc))]
    result = {"name": name, "model": model, "row": row, "speedup_median": median(ratios), "speedup_min": min(ratios),
              "speedup_max": max(ratios), "reps": len(used), "dirty": len(rounds) - len(used),
              "seq_wall_s": median(r[0] for r in used), "all": {k: median(v) for k, v in answers.items()}, **(info or {})}
    print(json.dumps(result), flush=True)
    return result
