#!/usr/bin/env bash
# Attached to busy servers that nobody prepared, Debian's memcached and redis, on the loopback: their threads are all there, what
# they wait for is right, and they never notice.
. "$(dirname -- "$0")/lib.sh"

for program in memcached redis-server redis-benchmark python3; do
	command -v $program >/dev/null || { echo "skipped: no $program; it is in Debian's package of that name"; exit 77; }
done
export CONCUR_DB=$dir/history.db
started=()
trap 'kill ${started[*]} 2>/dev/null || true; wait; rm -rf "$dir"' EXIT

cat >client.py <<'PY'
# Asks for keys, and sees that it gets them, until it is ended: client.py PORT CONNECTIONS
import socket, sys, threading
def ask(i):
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    f, value = s.makefile("rb"), b"%d" % i * 50
    s.sendall(b"set key%d 0 0 %d\r\n%s\r\n" % (i, len(value), value))
    assert f.readline() == b"STORED\r\n"
    while True:
        s.sendall(b"get key%d\r\n" % i)
        assert [f.readline() for _ in range(3)][1:] == [value + b"\r\n", b"END\r\n"]
def run(i):
    try:
        ask(i)
    except BaseException as e:
        print(e, file=sys.stderr, flush=True)
for i in range(int(sys.argv[2])):
    threading.Thread(target=run, args=(i,), daemon=True).start()
sys.stdin.read()
PY

# holds FILTER: true of the profile.
holds() {
	jq -e ".profile | $1" out >/dev/null || fail "not so: $1: $(jq -c '.profile | del(.stacks, .sites, .wakers)' out)"
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

up() { # PORT: something answers there
	for _ in $(seq 100); do
		(exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
		sleep 0.1
	done
	fail "nothing answers on port $1"
}

# attached PID SECONDS TIER: what holds for a server in any tier
attached() {
	local threads
	threads=$(ls "/proc/$1/task" | wc -l)
	run 0 "$CONCUR" profile --json --tier "$3" -p "$1" --duration "$2"
	[ "$(json .profile.tier)" = "$3" ] || { echo "skipped: $(json .profile.why)"; exit 77; }
	[ "$(json .profile.threads)" = "$threads" ] || fail "$(json .profile.threads) threads, not $threads"
	[ "$(json .profile.processes)" = 1 ] || fail "more than one process"
	holds '.wall_ns == .cpu_ns + .runqueue_ns + .unknown_ns + ([.waits[]] | add)'
	# all its threads live all the time
	holds '.wall_ns / .elapsed_ns / .threads | . > 0.98 and . < 1.02'
	holds '.lost_share < 0.01 and .unknown_ns < 0.02 * .wall_ns'
	# on-CPU and run-queue are what the kernel counted
	holds '.kernel_cpu_ns > 0 and (.checked_cpu_ns - .kernel_cpu_ns | fabs) <= 0.02 * .kernel_cpu_ns + 1e6'
	holds '(.checked_runqueue_ns - .kernel_runqueue_ns | fabs) <= 0.02 * .kernel_runqueue_ns + 1e6'
	kill -0 "$1" 2>/dev/null || fail "the server is gone"
}

# Four worker threads in event loops, and others that wait for work on condition variables.
port=$(free_port)
user=()
[ "$(id -u)" -ne 0 ] || user=(-u nobody)
memcached "${user[@]}" -l 127.0.0.1 -p "$port" -U 0 -t 4 -m 16 &
server=$!
started+=($server)
up "$port"
mkfifo hold
python3 client.py "$port" 8 <hold 2>client.err &
started+=($!)
exec 4>hold
sleep 0.5
for tier in T0 T1; do
	attached "$server" 2 $tier
	holds '.waits | .poll > 0 and .lock > 0 and .poll + .lock + .sleep > 0.99 * ([.[]] | add)'
	holds '[.stacks[] | select(.kind == "poll") | .frames[].function] | index("epoll_wait")'
	holds '.cpu_ns > 0.05 * .elapsed_ns and .switches > 1000'
done
# Ctrl-C ends it, and what was seen until then is told
timeout -s INT 2 "$CONCUR" profile --json -p "$server" >cut.json || [ $? -eq 124 ] || fail "Ctrl-C: $(cat cut.json)"
jq -e '.profile.waits.poll > 0' cut.json >/dev/null || fail "nothing told after Ctrl-C: $(head -c 300 cut.json)"
[ ! -s client.err ] || fail "a client got a wrong answer: $(cat client.err)"
exec 4>&-

# One busy thread with three that help it to read and write, as long as the benchmark asks.
port=$(free_port)
redis-server --port "$port" --bind 127.0.0.1 --save '' --appendonly no --io-threads 4 --io-threads-do-reads yes >redis.log &
server=$!
started+=($server)
up "$port"
redis-benchmark -h 127.0.0.1 -p "$port" -c 20 -t get,set -n 100000000 -q >bench.log 2>&1 &
started+=($!)
sleep 0.5
for tier in T0 T1; do
	attached "$server" 2 $tier
	holds '.cpu_ns + .runqueue_ns > 0.5 * .elapsed_ns'
	holds '.waits | .lock > 0.5 * ([.[]] | add)'
done
