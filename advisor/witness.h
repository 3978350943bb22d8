/*
 * witness.h - the three witnesses: what the code, the clock and the table say of the verdict
 */
#ifndef ADVISOR_WITNESS_H
#define ADVISOR_WITNESS_H

#include "advisor/advice.h"

/* Fill the verdict's witnesses and its agreement: "agree", "dissent: code, table", or "none" when
 * there is no verdict to agree with. */
void witness_all(struct advice *a);

#endif
