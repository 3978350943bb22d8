#include "model/scaling.h"

#include <stdlib.h>

void scalings_clear(struct scalings *list)
{
	vec_each (list, s) {
		free(s->why_not);
		vec_clear(&s->curve);
		vec_clear(&s->projections);
	}
	vec_clear(list);
}
