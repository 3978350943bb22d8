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

struct baseline {
	const struct strings *known; /* NULL: none was asked for */
	struct strings sorted;
};

static struct report_finding finding_of(const struct fact *f, char *const *key,
					const struct baseline *b)
{
	const struct analyzer_check *check = analyzer_check_find(f->check);
	struct report_finding ret = { *key, check && check->is_note, -1 };

	if (b->known) /* a note is neither mended nor new */
		ret.known =
			ret.is_note || (b->sorted.n && bsearch(key, b->sorted.items, b->sorted.n,
							       sizeof(*b->sorted.items), by_text));
	return ret;
}

void sarif_text(const struct run *run, const struct strings *known, struct strbuf *out)
{
	/* Those silenced in the source are told apart from one another, not from the rest. */
	const struct facts silenced = { .items = run->facts.silenced.items,
					.n = run->facts.silenced.n };
	CLEANUP(strings_clear) struct strings keys = { 0 };
	CLEANUP(strings_clear) struct strings more = { 0 };
	CLEANUP(cleanup_free)
	struct report_finding *findings = xcalloc(run->facts.n + silenced.n + 1, sizeof(*findings));
	struct baseline b = { .known = known };
	size_t n = 0;

	if (known) {
		vec_each (known, line)
			strings_add(&b.sorted, *line);
		if (b.sorted.n)
			qsort(b.sorted.items, b.sorted.n, sizeof(*b.sorted.items), by_text);
	}
	fingerprints_of(&run->facts, &keys);
	fingerprints_of(&silenced, &more);
	for (size_t i = 0; i < run->facts.n; i++)
		findings[n++] = finding_of(&run->facts.items[i], &keys.items[i], &b);
	for (size_t i = 0; i < silenced.n; i++)
		findings[n++] = finding_of(&silenced.items[i], &more.items[i], &b);
	report_sarif(run, findings, out);
	strings_clear(&b.sorted);
}
