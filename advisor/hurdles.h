/*
 * hurdles.h - what in the code stands in the way of a model
 *
 * From the facts: written shared state and MT-unsafe calls for every model whose tasks share one
 * process, and blocking calls besides for models with an event loop; forks, for what runs threads.
 * Processes have none: each worker has its own copy of the program. Ordered by the time spent in the
 * functions they touch, as the profile's calls tell it.
 */
#ifndef ADVISOR_HURDLES_H
#define ADVISOR_HURDLES_H

#include "advisor/advice.h"

size_t hurdles_count(const struct facts *facts, enum model model);
/* Fill the verdict's list, heaviest first, for the models it speaks of. */
void hurdles_list(struct advice *a);

#endif
