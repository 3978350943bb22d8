/*
 * identity.h - which finding is it? (private to db/)
 *
 * Two findings with equal check, file, function and symbol have an equal identity, whatever line
 * they moved to. Several in one function (two calls of strtok) share it: count them.
 */
#ifndef DB_IDENTITY_H
#define DB_IDENTITY_H

#include "base/digest.h"
#include "model/fact.h"

struct digest finding_identity(const struct fact *fact);

#endif
