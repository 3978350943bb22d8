/*
 * range.h - several runs that stand for one state of a program
 *
 * "A..B" is every run from A to B in the order of time, both included; of a commit, A means its
 * first run and B its last. What names one run stands for that one.
 */
#ifndef DB_RANGE_H
#define DB_RANGE_H

#include "db/db.h"

#define RANGE_MOST 100 /* runs: the newest */

/* Only runs of the workload and machine of `like`, or (NULL, or if there is none) of the newest in
 * the range. Oldest first; the last has its findings. *left_out: how many others there are. */
struct error *range_load(struct db *db, const char *ref, const struct run *like, struct runs *ret,
			 size_t *left_out) ERROR_MUST_CHECK;

/*
 * The runs as one, in the newest of them, which is moved to *ret: each run, were it a single one, is one sample of the
 * race, by its median, because what differs between runs of one program (the state of the machine,
 * where memory lies) is then part of what is compared; profiles are added up. Verdict and findings
 * are the newest run's.
 */
void range_pool(struct runs *runs, struct run *ret);

#endif
