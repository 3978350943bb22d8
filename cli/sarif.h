/*
 * sarif.h - a run's findings as SARIF, with what the analyzer knows of them
 */
#ifndef CLI_SARIF_H
#define CLI_SARIF_H

#include "model/run.h"
#include "base/strbuf.h"

/* known: the fingerprints of a baseline, by which each finding is new or unchanged; NULL: none was
 * asked for. */
void sarif_text(const struct run *run, const struct strings *known, struct strbuf *out);

#endif
