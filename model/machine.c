#include "model/machine.h"

#include <stdlib.h>

void machine_clear(struct machine *m)
{
	free(m->id);
	free(m->hostname);
	free(m->kernel);
	free(m->arch);
	free(m->cpu);
	free(m->libc);
	*m = (struct machine){ 0 };
}
