/*
 * children.h - a run that starts one process after another: a shell's loop, xargs, make
 *
 * The unit of work is then a process, once for each item, and no function of the program that starts
 * them. Seen in the profile: several processes, and one that waits for children most of the time
 * while hardly more than one does anything. Pure.
 */
#ifndef ADVISOR_CHILDREN_H
#define ADVISOR_CHILDREN_H

#include <stdbool.h>

#include "model/profile.h"
#include "model/recording.h"

#define CHILDREN_UNIT "a process that it starts"

bool children_in_turn(const struct profile *profile);

bool children_recorded(const struct recording *recording);

/* Every process an equal call, for the profile does not tell them apart: an estimate. */
void children_record(const struct profile *profile, struct recording *ret);

/* `calls` equal calls that did `inside` together, and between them what else the profile has.
 * Owned by the caller, and the unit's name by the recording. */
void record_equal_calls(const struct profile *profile, const char *unit,
			const struct wait_profile *inside, uint64_t calls, struct recording *ret);

#endif
