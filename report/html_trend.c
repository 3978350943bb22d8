#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "report/html_parts.h"
#include "report/phrase.h"
#include "report/words.h"

/* One run is no history. */
static const struct trend *trend_of(const void *subject)
{
	const struct trend *t = ((const struct html_page *)subject)->trend;

	return t && t->runs.n > 1 ? t : NULL;
}

/* The series that stands for its model in the chart: its fastest now. */
static bool is_fastest(const struct trend *t, const struct trend_series *s)
{
	if (s->is_wait || !s->values.n)
		return false;
	vec_each (&t->series, other) {
		if (!other->is_wait && other->values.n && !strcmp(other->name, s->name) &&
		    (other->level.value < s->level.value ||
		     (other->level.value == s->level.value && other < s)))
			return false;
	}
	return true;
}

static const char *title_of(const char *key)
{
	enum model model;

	return model_from_key(key, &model) ? model_title(model) : key;
}

/* Names of models that are none come from a damaged history: they are no classes. */
static void put_class(const char *key, struct strbuf *out)
{
	enum model model;

	if (model_from_key(key, &model))
		strbuf_addf(out, " class=m-%s", model_key(model));
}

static void put_change(const struct trend *t, const struct trend_series *s, struct strbuf *out)
{
	const struct trend_change *last = s->changes.n ? &s->changes.items[s->changes.n - 1] : NULL;

	if (!last || last->run >= t->runs.n) {
		strbuf_add(out, "<td class=dim>no change</td>");
		return;
	}
	html_put(out, "td", "%s of the time before %s, p = %.3f, since %.13s",
		 word_speedup(last->ratio).s, word_interval(last->ratio).s, last->p,
		 t->runs.items[last->run].id);
}

void html_trend(const void *subject, struct strbuf *out)
{
	const struct trend *t = trend_of(subject);

	if (!t)
		return;
	vec_each (&t->series, s) {
		if (s->is_wait)
			continue;
		strbuf_add(out, "<tr");
		put_class(s->name, out);
		strbuf_add(out, "><th scope=row><i class=swatch></i>");
		html_text(out, title_of(s->name));
		strbuf_addf(out,
			    "</th><td class=num>%d</td><td data-v=%.0f class=\"num "
			    "strong\">%s</td><td>",
			    s->workers, s->level.value, word_ns(s->level.value).s);
		if (s->level.n > 1)
			strbuf_addf(out, "%s[%s, %s]",
				    s->level.n < STATS_INTERVAL_LEAST ? "range " : "",
				    word_ns(s->level.low).s, word_ns(s->level.high).s);
		strbuf_addf(out, "</td><td class=num>%zu</td>", s->level.n);
		put_change(t, s, out);
		strbuf_add(out, "</tr>\n");
	}
}

void html_trend_runs(const void *subject, struct strbuf *out)
{
	const struct trend *t = trend_of(subject);
	const char *own = ((const struct html_page *)subject)->run->id;

	if (!t)
		return;
	vec_each (&t->runs, r) {
		time_t seconds = (time_t)(r->started_ns / 1000000000);
		struct tm tm;
		char when[32] = "";

		if (gmtime_r(&seconds, &tm))
			strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &tm);
		strbuf_add(out, strcmp(r->id, own) ? "<tr>" : "<tr class=here>");
		html_put(out, "th scope=row class=code", "%.13s", r->id);
		html_put(out, "td", "%s", when);
		html_put(out, "td class=code", "%.10s", phrase_or(r->git_commit, ""));
		html_put(out, "td", "%s", phrase_or(r->verdict, ""));
		html_put(out, "td", "%s", r->model ? title_of(r->model) : "");
		strbuf_addf(out, "<td class=num>%d</td></tr>\n", r->workers);
	}
}

void html_trend_key(const void *subject, struct strbuf *out)
{
	const struct trend *t = trend_of(subject);

	if (!t)
		return;
	vec_each (&t->series, s) {
		if (!is_fastest(t, s))
			continue;
		strbuf_add(out, "<li");
		put_class(s->name, out);
		strbuf_add(out, "><i class=swatch></i>");
		html_text(out, title_of(s->name));
		strbuf_addf(out, ", W = %d</li>", s->workers);
	}
}

static void put_numbers(double a, double b, double c, struct strbuf *out)
{
	html_json_number(out, a);
	strbuf_addch(out, ',');
	html_json_number(out, b);
	strbuf_addch(out, ',');
	html_json_number(out, c);
	strbuf_addch(out, ']');
}

static void put_series(const struct trend_series *s, struct strbuf *out)
{
	const char *comma = "";

	strbuf_add(out, "{\"model\":");
	html_json(out, s->name);
	strbuf_add(out, ",\"points\":[");
	vec_each (&s->values, v) {
		strbuf_addf(out, "%s[%zu,", comma, v->run);
		put_numbers(v->ns.value, v->ns.low, v->ns.high, out);
		comma = ",";
	}
	strbuf_add(out, "],\"changes\":[");
	comma = "";
	vec_each (&s->changes, c) {
		strbuf_addf(out, "%s[%zu,", comma, c->run);
		put_numbers(c->ratio.value, c->ratio.low, c->ratio.high, out);
		comma = ",";
	}
	strbuf_add(out, "]}");
}

void html_trend_json(const struct trend *t, struct strbuf *out)
{
	const char *comma = "";

	strbuf_add(out, "{\"runs\":[");
	vec_each (&t->runs, r) {
		strbuf_addf(out, "%s%lld", comma, (long long)(r->started_ns / 1000000000));
		comma = ",";
	}
	strbuf_add(out, "],\"series\":[");
	comma = "";
	vec_each (&t->series, s) {
		if (!is_fastest(t, s))
			continue;
		strbuf_add(out, comma);
		put_series(s, out);
		comma = ",";
	}
	strbuf_add(out, "]}");
}
