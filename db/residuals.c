#include "db/residuals.h"

#include "base/cleanup.h"
#include "db/query.h"

/* The newest 50 races: the simulator changes, and so does a machine. */
#define NEWEST                                                                                     \
	"SELECT run_no, run.document AS document FROM run JOIN machine USING (machine_no)"         \
	" WHERE machine.id = ? AND race_tasks > 0 ORDER BY started_ns DESC LIMIT 50"

/* With max(), SQLite takes the other columns from the row that has it. Five rounds: as few as give a verdict (data/table.tsv). */
#define OF_THE_FASTEST                                                                             \
	"SELECT json_extract(e.value, '$.simulated.value') / json_extract(e.value, '$.speedup')"   \
	" - 1, max(json_extract(e.value, '$.speedup'))"                                            \
	" FROM (" NEWEST ") AS newest, json_each(newest.document, '$.race') AS e"                  \
	" WHERE json_extract(e.value, '$.simulated.value') > 0"                                    \
	" AND json_extract(e.value, '$.n') >= 5 GROUP BY newest.run_no"

struct error *db_residuals(struct db *db, const struct machine *machine, struct samples *ret)
{
	CLEANUP(query_clear) struct query q = { 0 };
	bool row = false;
	struct error *err = query_open(db, OF_THE_FASTEST, &q);

	if (err)
		return err;
	query_text(&q, machine->id);
	while (!(err = query_step(&q, &row)) && row)
		vec_push(ret, sqlite3_column_double(q.stmt, 0));
	return err;
}
