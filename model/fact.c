#include "model/fact.h"

#include <stdlib.h>
#include <string.h>

bool fact_is_chain(const struct fact *f)
{
	return f->sites.n && f->sites.items[0].access &&
	       !strncmp(f->sites.items[0].access, "calls ", strlen("calls "));
}

void fact_clear(struct fact *f)
{
	vec_each (&f->sites, site) {
		free(site->file);
		free(site->function);
		free(site->access);
	}
	vec_clear(&f->sites);
	free(f->check);
	free(f->file);
	free(f->function);
	free(f->symbol);
	free(f->effect);
	free(f->detail);
	free(f->advice);
	free(f->macro);
	free(f->excuse);
	*f = (struct fact){ 0 };
}

static int compare_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static int compare_int(int a, int b)
{
	return (a > b) - (a < b);
}

/* Beyond the promised order the symbol decides, so that equal input gives equal output. */
static int compare_facts(const void *pa, const void *pb)
{
	const struct fact *a = pa, *b = pb;
	int order = compare_text(a->file, b->file);

	if (!order)
		order = compare_int(a->line, b->line);
	if (!order)
		order = compare_int(a->column, b->column);
	if (!order)
		order = compare_text(a->check, b->check);
	if (!order)
		order = compare_text(a->symbol, b->symbol);
	return order;
}

void facts_sort(struct facts *facts)
{
	if (facts->n)
		qsort(facts->items, facts->n, sizeof(*facts->items), compare_facts);
}

void facts_clear(struct facts *facts)
{
	vec_each (facts, f)
		fact_clear(f);
	vec_clear(facts);
	vec_each (&facts->silenced, f)
		fact_clear(f);
	vec_clear(&facts->silenced);
	vec_each (&facts->failures, failure) {
		free(failure->file);
		free(failure->why);
	}
	vec_clear(&facts->failures);
	vec_each (&facts->records, record)
		free(record->bytes);
	vec_clear(&facts->records);
	free(facts->why_not);
	free(facts->root);
	free(facts->campaign);
	*facts = (struct facts){ 0 };
}

size_t facts_count(const struct facts *facts, const char *check)
{
	size_t n = 0;

	vec_each (facts, f)
		n += !compare_text(f->check, check);
	return n;
}

size_t facts_failed(const struct facts *facts)
{
	size_t n = 0;

	vec_each (&facts->failures, failure)
		n += !failure->left_out;
	return n;
}
