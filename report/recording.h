/*
 * recording.h - the unit of work, as its calls were recorded, on a page
 */
#ifndef REPORT_RECORDING_H
#define REPORT_RECORDING_H

#include "model/recording.h"
#include "report/page.h"

/* Nothing when none was made. */
void put_recording(const struct page *p, const struct recording *r);

#endif
