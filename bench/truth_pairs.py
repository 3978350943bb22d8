"""Real programs that exist in a sequential and a concurrent form: what concur says of the first, against the second.

A directory of pairs has
  NAME.py         measures one pair. It does `from truth import *`, makes what it needs, and calls measure(name, model, row, seq,
                  conc, ...): seq is the shell command of the sequential program, conc a dictionary of the concurrent ones,
                  {label: (model, command)}. measure() prints one line of JSON: speedup_median, _min, _max, _clean, all, ...
  lib/truth.py    what they share, measure() among it
  truth.json      a list of objects, one for each pair: name, acceptable (models), unit_kind ("main": a run of the program for each
                  input; else the unit is inside one run), like_for_like (the speedup without what the rewrite changed beside
                  concurrency; null: all of it)
Only the two programs are named by the pair; what concur sees is the sequential command alone. It runs while the pair's own servers
and file systems are up: measure() is wrapped."""
import glob, json, os, re, runpy, shlex, subprocess, sys, tempfile, time

# cd DIR; ls PATTERN | xargs -n1 PROGRAM ARG...: main is the unit, a run for each file
EACH = re.compile(r"cd (?P<dir>\S+); *ls (?P<pattern>\S+) *\| *xargs +-n1 (?P<command>.*)")

# cd DIR; VARIABLE=VALUE exec PROGRAM ARG...: the unit is inside one run
ONE_RUN = re.compile(r"(?:cd (?P<dir>\S+); *)?(?P<variables>(?:\w+=\S* +)*)exec (?P<command>[^|;&<>]*)$")


def command_of(words):
    """The program itself, where a shell only hands it the file: sh -c 'exec PROGRAM ... $0'."""
    if words[:2] == ["sh", "-c"] and words[2].startswith("exec "):
        return ["{}" if w == "$0" else w for w in shlex.split(words[2])[1:]]
    return [*words, "{}"]


def ask(o, seq, unit_kind, workers):
    """What concur says of the sequential command, and how it was asked."""
    each = EACH.match(seq)
    base = ["--json", "--db", o.db]
    if each and unit_kind == "main":
        tasks = sorted(glob.glob(each["pattern"], root_dir=each["dir"]))
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as f:
            f.write("\n".join(tasks) + "\n")
            f.flush()
            cmd = [o.concur, "advise", *base, "--no-analyze", "--each", f.name, "--budget", str(o.budget),
                   "--compare", "exit-code"]  # the pairs write to /dev/null
            return "each", run([*cmd, "--", *command_of(shlex.split(each["command"]))], each["dir"])
    one = ONE_RUN.match(seq)
    if one:
        variables = dict(word.split("=", 1) for word in shlex.split(one["variables"]))
        ladder = ",".join(map(str, sorted({2, 4, 8, 16, workers})))
        cmd = [o.concur, "advise", *base, "--no-analyze", "--workers", ladder, "--expect-exit", "0,1"]
        return "recorded", run([*cmd, "--", *shlex.split(one["command"])], one["dir"], variables)
    return "shell", run([o.concur, "advise", *base, "--no-analyze", "--", "bash", "-c", seq], None)


def run(cmd, where, variables={}):
    start = time.monotonic()
    done = subprocess.run(cmd, capture_output=True, cwd=where, env={**os.environ, **variables})
    seconds = time.monotonic() - start
    text = done.stdout.decode(errors="replace")  # the program's own output may come first
    at = text.rfind('{\n  "schema"')
    if at < 0:
        return {"error": f"exit {done.returncode}: {(done.stderr.decode(errors='replace') or text)[-300:].strip()}"}
    return dict(json.loads(text[at:]), seconds=seconds)


def pair(o, name):
    """Runs the pair's own script with measure() wrapped: prints {concur, how, truth} as one line of JSON."""
    truth = {t["name"]: t for t in json.load(open(f"{o.real}/truth.json"))}.get(name, {})
    sys.path.insert(0, f"{o.real}/lib")
    import truth as lib

    theirs = lib.measure

    def measure(called, model, row, seq, conc, *args, **kw):
        if kw.get("before"):
            kw["before"]()
        how, said = ask(o, seq, truth.get("unit_kind"), truth.get("workers") or 2)
        if o.pair_budget:
            kw["budget"] = o.pair_budget
        sys.stdout = open(os.devnull, "w")  # measure() prints its line as well
        measured = theirs(called, model, row, seq, conc, *args, **kw)
        sys.stdout = sys.__stdout__
        print(json.dumps({"how": how, "concur": said, "measured": measured, "known": truth}))

    lib.measure = measure
    runpy.run_path(f"{o.real}/{name}.py", run_name="__main__")


def names(directory):
    return sorted(os.path.basename(p)[:-3] for p in glob.glob(f"{directory}/*.py"))


HEAD = f"{'PAIR':<18} {'UNIT':<6} {'CONCUR SAYS':<24} {'ACCEPTABLE':<24} {'RIGHT':<6} {'PREDICTED':>10} {'TRUE':>20} {'ERROR':>9} {'ADVISE':>7}"


def judge(result):
    """The figures to compare, from one pair's line."""
    said, measured, known = result["concur"], result["measured"], result["known"]
    r = {"name": measured["name"], "unit": known.get("unit_kind", "?"), "acceptable": known.get("acceptable", []),
         "low": measured["speedup_min"], "high": measured["speedup_max"], "true": measured["speedup_median"],
         "changed": known.get("like_for_like") is not None, "says": None, "predicted": None, "seconds": said.get("seconds")}
    if said.get("error"):
        return dict(r, says="error: " + said["error"][:60])
    verdict = said["verdict"]
    r["says"] = {"recommend": verdict.get("model"), "leave": "sequential"}.get(verdict["kind"], verdict["kind"])
    r["right"] = r["says"] in r["acceptable"]
    if not said["race"]:
        bounds = {b["model"]: b.get("speedup") for b in verdict.get("bounds") or []}
        acceptable = [bounds[m] for m in r["acceptable"] if m in bounds]
        known_bounds = [b for b in acceptable if b is not None]
        r["bound"] = max(known_bounds) if known_bounds else None
        return r
    # the same model, in the pair's own number of workers, or the nearest that was raced
    same = [e for e in said["race"] if e["outcome"] == "ok" and e["model"] == measured["model"] and e.get("speedup")]
    if same:
        e = min(same, key=lambda e: abs(e["workers"] - (measured.get("workers") or 0)))
        r["predicted"], r["predicted_for"] = e["speedup"], f"{e['model']} x {e['workers']}"
        r["error"] = e["speedup"] / r["true"] - 1
    return r


def line(r):
    right = {True: "yes", False: "NO"}.get(r.get("right"), "-")
    text = f"{r['name']:<18} {r['unit']:<6} {r['says']:<24} {', '.join(r['acceptable']):<24} {right:<6} "
    predicted = f"{r['predicted']:.2f}" if r["predicted"] else f"<= {r['bound']:.1f}" if r.get("bound") else "-"
    true = f"{r['true']:.2f} [{r['low']:.2f}, {r['high']:.2f}]"
    error = f"{100 * r['error']:+.1f} %" if "error" in r else "-"
    seconds = f"{r['seconds']:.1f} s" if r["seconds"] else "-"
    return f"{text}{predicted:>10} {true:>20} {error:>9} {seconds:>7}{'  the rewrite changes more than concurrency' if r['changed'] else ''}"


def main(o):
    """Each pair in a process of its own: it starts servers and mounts file systems, which end with it."""
    print(HEAD, flush=True)
    for name in o.jobs or names(o.real):
        cmd = [sys.executable, os.path.abspath(sys.argv[0]), "--real", o.real, "--pair", name]
        cmd += ["--build", o.build, "--concur", o.concur, "--budget", str(o.budget)]
        cmd += ["--pair-budget", str(o.pair_budget)] if o.pair_budget else []
        done = subprocess.run(cmd, capture_output=True, text=True, cwd=o.where)  # fs_mark leaves a log
        if done.returncode or not done.stdout.strip():
            print(f"{name:<18} failed: {done.stderr.strip()[-200:]}", flush=True)
            continue
        result = json.loads(done.stdout.strip().splitlines()[-1])
        with open(f"{o.where}/real-{name}.json", "w") as f:
            json.dump(result, f, indent=1)
        print(line(judge(result)), flush=True)
