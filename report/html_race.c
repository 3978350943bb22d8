#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "report/html_parts.h"
#include "report/phrase.h"
#include "report/words.h"

static const struct run *run_of(const void *subject)
{
	return ((const struct html_page *)subject)->run;
}

static int compare_entries(const void *va, const void *vb)
{
	const struct race_entry *const *a = va, *const *b = vb;

	if ((*a)->model != (*b)->model)
		return (int)(*a)->model - (int)(*b)->model;
	return ((*a)->workers > (*b)->workers) - ((*a)->workers < (*b)->workers);
}

/* By model and workers. Owned by the caller; the entries are not. */
static const struct race_entry **sorted_entries(const struct race *race)
{
	const struct race_entry **list = xcalloc(race->n + 1, sizeof(*list));
	size_t n = 0;

	vec_each (race, e)
		list[n++] = e;
	if (n)
		qsort(list, n, sizeof(*list), compare_entries);
	return list;
}

static double top_of(const struct race *race)
{
	double top = 1;

	vec_each (race, e) {
		if (e->outcome == OUTCOME_OK && e->speedup.n && e->speedup.high > top)
			top = e->speedup.high;
	}
	return top;
}

static bool has_figures(const struct race_entry *e)
{
	return e->outcome == OUTCOME_OK && e->speedup.n;
}

static void put_time(struct strbuf *out, double ns)
{
	if (ns > 0)
		strbuf_addf(out, "<td data-v=%.0f class=num>%s</td>", ns, word_ns(ns).s);
	else
		strbuf_add(out, "<td class=num>-</td>");
}

static void put_figures(struct strbuf *out, const struct race_entry *e, double top)
{
	if (!has_figures(e)) {
		strbuf_add(out, "<td colspan=8 class=dim>no figure</td>");
		return;
	}
	strbuf_addf(out, "<td data-v=%.6f class=\"num strong\">%s</td><td class=plot>",
		    e->speedup.value, word_speedup(e->speedup).s);
	html_whisker(out, e->speedup, top);
	strbuf_addf(out, "</td><td>%s</td><td class=num>%zu</td>", word_interval(e->speedup).s,
		    e->speedup.n);
	put_time(out, e->cpu_ns_per_task);
	strbuf_addf(out, "<td data-v=%llu class=num>%s</td>", (unsigned long long)e->pss_bytes,
		    word_bytes(e->pss_bytes).s);
	put_time(out, (double)e->p50_ns);
	put_time(out, (double)e->p99_ns);
}

void html_tournament(const void *subject, struct strbuf *out)
{
	const struct run *run = run_of(subject);
	CLEANUP(cleanup_free) const struct race_entry **entries = NULL;

	if (!run->race.measured || !run->race.n)
		return;
	entries = sorted_entries(&run->race);
	for (size_t i = 0; i < run->race.n; i++) {
		const struct race_entry *e = entries[i];
		const char *note = phrase_note(e, &run->verdict);

		strbuf_addf(out,
			    "<tr class=\"m-%s%s%s\"><th scope=row><i class=swatch></i>%s</th>"
			    "<td class=num>%d</td>",
			    model_key(e->model), *note ? " is-" : "", note, model_title(e->model),
			    e->workers);
		put_figures(out, e, top_of(&run->race));
		strbuf_addf(out, "<td>%s%s%s</td></tr>\n", *note ? "<span class=pill>" : "", note,
			    *note ? "</span>" : "");
	}
}

void html_tournament_note(const void *subject, struct strbuf *out)
{
	CLEANUP(strbuf_clear) struct strbuf note = { 0 };

	phrase_race(&run_of(subject)->race, &note);
	html_text(out, note.s);
}

/* Which of the two: conditions of the template. */
void html_simulated(const void *subject, struct strbuf *out)
{
	if (run_of(subject)->race.simulated)
		strbuf_add(out, "yes");
}

void html_raced(const void *subject, struct strbuf *out)
{
	if (!run_of(subject)->race.simulated)
		strbuf_add(out, "yes");
}

/* The models that the chart shows, as its key. */
void html_tournament_key(const void *subject, struct strbuf *out)
{
	const struct race *race = &run_of(subject)->race;

	for (int model = 0; race->measured && model < MODEL_COUNT; model++) {
		if (race_best(race, (enum model)model))
			strbuf_addf(out, "<li class=m-%s><i class=swatch></i>%s</li>",
				    model_key(model), model_title(model));
	}
}

void html_tournament_notes(const void *subject, struct strbuf *out)
{
	const struct race *race = &run_of(subject)->race;
	CLEANUP(cleanup_free) const struct race_entry **entries = sorted_entries(race);
	CLEANUP(strbuf_clear) struct strbuf apart = { 0 };

	for (size_t i = 0; i < race->n; i++) {
		CLEANUP(strbuf_clear) struct strbuf text = { 0 };

		if (entries[i]->outcome == OUTCOME_OK)
			continue;
		phrase_out(entries[i], &text);
		strbuf_add(out, "<li class=is-out><span class=pill>out</span> ");
		html_text(out, text.s);
		strbuf_add(out, "</li>\n");
	}
	phrase_isolation(race, &apart);
	if (apart.len)
		html_put(out, "li", "Tasks kept apart by: %s", apart.s);
	if (!race->measured)
		html_put(out, "li", "Not run%s%s.", race->why ? ": " : "",
			 phrase_or(race->why, ""));
}

static void put_points(const struct race *race, const struct race_entry *const *entries,
		       enum model model, struct strbuf *out)
{
	bool first = true;

	for (size_t i = 0; i < race->n; i++) {
		const struct race_entry *e = entries[i];

		if (e->model != model || !has_figures(e))
			continue;
		strbuf_addf(out, "%s[%d,", first ? "" : ",", e->workers);
		first = false;
		html_json_number(out, e->speedup.value);
		strbuf_addch(out, ',');
		html_json_number(out, e->speedup.low);
		strbuf_addch(out, ',');
		html_json_number(out, e->speedup.high);
		strbuf_addch(out, ']');
	}
}

/* The bound of a model, to be drawn as what it is: [from workers, speedup]. */
static void put_bound(const struct model_bounds *bounds, enum model model, struct strbuf *out)
{
	vec_each (bounds, b) {
		if (b->model != model || !isfinite(b->speedup))
			continue;
		strbuf_addf(out, ",\"bound\":[%d,", b->workers);
		html_json_number(out, b->speedup);
		strbuf_addch(out, ']');
		return;
	}
}

void html_race_json(const struct run *run, struct strbuf *out)
{
	const struct race *race = &run->race;
	CLEANUP(cleanup_free) const struct race_entry **entries = sorted_entries(race);
	bool first = true;

	strbuf_add(out, "[");
	for (int model = 0; model < MODEL_COUNT; model++) {
		if (!race_best(race, (enum model)model))
			continue;
		strbuf_addf(out, "%s{\"model\":\"%s\",\"points\":[", first ? "" : ",",
			    model_key(model));
		first = false;
		put_points(race, entries, (enum model)model, out);
		strbuf_addch(out, ']');
		put_bound(&run->verdict.outlook.bounds, (enum model)model, out);
		strbuf_addch(out, '}');
	}
	strbuf_add(out, "]");
}
