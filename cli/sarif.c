#include "cli/sarif.h"

#include <string.h>

#include "analyzer/analyzer.h"
#include "analyzer/fingerprints.h"
#include "base/cleanup.h"
#include "report/report.h"

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void sarif_text(const struct run *run, const struct strings *known, struct strbuf *out)
{
	CLEANUP(strings_clear) struct strings fingerprints = { 0 };
	CLEANUP(strings_clear) struct strings sorted = { 0 };
	CLEANUP(cleanup_free)
	struct report_finding *findings = xcalloc(run->facts.n + 1, sizeof(*findings));

	fingerprints_of(&run->facts, &fingerprints);
	if (known) {
		vec_each (known, line)
			strings_add(&sorted, *line);
		if (sorted.n)
			qsort(sorted.items, sorted.n, sizeof(*sorted.items), by_text);
	}
	for (size_t i = 0; i < run->facts.n; i++) {
		const struct analyzer_check *check = analyzer_check_find(run->facts.items[i].check);
		char **key = &fingerprints.items[i];

		findings[i].fingerprint = *key;
		findings[i].is_note = check && check->is_note;
		findings[i].known = -1;
		if (known) /* a note is neither mended nor new */
			findings[i].known = findings[i].is_note ||
					    (sorted.n && bsearch(key, sorted.items, sorted.n,
								 sizeof(*sorted.items), by_text));
	}
	report_sarif(run, findings, out);
}
