/*
 * residuals.h - how far simulations were off, where what they predicted was raced as well
 */
#ifndef DB_RESIDUALS_H
#define DB_RESIDUALS_H

#include "db/db.h"
#include "model/machine.h"
#include "model/race.h"

/* simulated / raced - 1 of each entry of the newest races on this machine. Adds to *ret. */
struct error *db_residuals(struct db *db, const struct machine *machine,
			   struct samples *ret) ERROR_MUST_CHECK;

#endif
