/*
 * residuals.h - how far simulations were off, where what they predicted was raced as well
 */
#ifndef DB_RESIDUALS_H
#define DB_RESIDUALS_H

#include "db/db.h"
#include "model/machine.h"
#include "model/race.h"

/* simulated / raced - 1 of the fastest entry of each of the newest races on this machine, where it had enough rounds: what
 * loses by what its harness costs says nothing of the figure that is told. Adds to *ret. */
struct error *db_residuals(struct db *db, const struct machine *machine,
			   struct samples *ret) ERROR_MUST_CHECK;

#endif
