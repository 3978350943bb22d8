/*
 * machine.h - read what machine this is (model/machine.h)
 */
#ifndef PROFILER_MACHINE_H
#define PROFILER_MACHINE_H

#include "model/machine.h"

/* What cannot be found is left NULL or 0; never fails. */
void machine_read(struct machine *ret);

#endif
