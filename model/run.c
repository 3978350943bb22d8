#include "model/run.h"

#include <stdlib.h>

void run_clear(struct run *run)
{
	free(run->tool_version);
	free(run->command);
	machine_clear(&run->machine);
	target_clear(&run->target);
	workload_clear(&run->workload);
	facts_clear(&run->facts);
	profile_clear(&run->profile);
	recording_clear(&run->recording);
	race_clear(&run->race);
	verdict_clear(&run->verdict);
	*run = (struct run){ 0 };
}

void runs_clear(struct runs *runs)
{
	vec_each (runs, run)
		run_clear(run);
	vec_clear(runs);
}
