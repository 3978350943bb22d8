#include "model/recording.h"

#include <stdlib.h>

void recording_clear(struct recording *r)
{
	free(r->why);
	free(r->unit);
	free(r->object);
	vec_clear(&r->calls);
	vec_clear(&r->segments);
	*r = (struct recording){ 0 };
}

double recording_cost_share(const struct recording *r)
{
	double cost_ns = r->probe_ns * (double)(r->total + r->nested);

	return r->elapsed_ns ? cost_ns / (double)r->elapsed_ns : 0;
}
