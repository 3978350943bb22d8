# What one profile tells: bounds of a sequential program; of a concurrent one, what it waits for.
. "$SOURCE/tests/e2e/lib.sh"
pool=$BUILD/workloads/pool

run 0 "$CONCUR" profile --json -- sh -c "exec $BUILD/workloads/sleeps >/dev/null"
[ "$(json '.verdict | .kind == "none" and .row == "io-waits" and (.present.concurrent | not)')" = true ] ||
	fail 'a program that sleeps is not seen as one'
[ "$(json '[.verdict.bounds[] | .model] == ["async", "threads", "processes", "hybrid"]')" = true ] || fail 'bounds'
[ "$(json '.verdict.bounds | (map({(.model): .speedup}) | add) as $b | $b.async <= $b.hybrid + 0.001')" = true ] ||
	fail 'an event loop is not bound more tightly than all cores'
run 0 "$CONCUR" profile -- sh -c "exec $BUILD/workloads/sleeps >/dev/null"
says err 'Outlook  estimates from this one run (n = 1, no interval); only a race measures'

run 0 "$CONCUR" profile --json -- sh -c "exec $pool 4 100 wait >/dev/null"
tier=$(json .profile.tier)
[ "$(json '.verdict.present.concurrent and .verdict.bounds == []')" = true ] || fail 'four threads are not seen'
if [ "$tier" = T2 ] || [ "$tier" = T3 ]; then
	echo "skipped: tier $tier does not see the calls behind waits"
	exit 77
fi
[ "$(json '.verdict.present | .needs == "workers" and .workers > 4 and .busy > 3')" = true ] || fail 'a pool that is too small'
run 0 "$CONCUR" profile --json -- sh -c "exec $pool 8 40 sparse >/dev/null"
[ "$(json '.verdict.present | .needs == "work" and .workers == 0')" = true ] || fail 'a pool without work'
run 0 "$CONCUR" profile --json -- sh -c "exec $pool 4 50 lock >/dev/null"
[ "$(json '.verdict.present | .needs == "lock" and .process_wide and (.lock | startswith("item (pool.c:"))')" = true ] ||
	fail 'one lock around everything'
if [ "$tier" = T0 ]; then
	json .verdict.present.holder | grep -Eq '^(pool|thread)/[0-9]+, which ended [0-9]+ %' || fail 'the holder has no name'
fi
run 0 "$CONCUR" profile --tier T3 --json -- sh -c "exec $pool 4 50 lock >/dev/null"
[ "$(json '.verdict.present | .needs == "unknown" and (.process_wide | not)')" = true ] ||
	fail 'something is claimed that this tier does not see'
