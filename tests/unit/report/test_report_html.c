#include <jansson.h>
#include <locale.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/rng.h"
#include "golden.h"
#include "report/flame.h"
#include "report/phrase.h"

static char *page_text(const struct run *run, const struct trend *trend)
{
	struct strbuf out = { 0 };

	report_html_run(run, trend, &out);
	return strbuf_detach(&out);
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

/* Copy `html` without what lies between each `from` and the next `to`. */
static char *without(const char *html, const char *from, const char *to)
{
	struct strbuf out = { 0 };

	for (const char *start; (start = strstr(html, from)); html = strstr(start, to))
		strbuf_addn(&out, html, (size_t)(start - html) + strlen(from));
	strbuf_add(&out, html);
	return strbuf_detach(&out);
}

/* What differs with the assets and the version, and not with the run. */
static char *normalised(const char *html)
{
	CLEANUP(cleanup_free) char *style = without(html, "<style>", "</style>");
	CLEANUP(cleanup_free) char *script = without(style, "<script>", "</script>");
	CLEANUP(cleanup_free)
	char *policy = without(script, "Content-Security-Policy\" content=\"", "\">");
	CLEANUP(cleanup_free) char *version = without(policy, "</code>, concur ", ". Again");

	return without(version, "<pre tabindex=0>", "</pre>");
}

/* The text that a reader sees: no elements, one blank between words. */
static char *visible(const char *html)
{
	static const struct {
		const char *entity, *text;
	} entities[] = { { "&lt;", "<" },    { "&gt;", ">" },  { "&amp;", "&" },
			 { "&quot;", "\"" }, { "&#39;", "'" }, { "&nbsp;", " " } };
	CLEANUP(cleanup_free) char *style = without(html, "<style>", "</style>");
	CLEANUP(cleanup_free) char *script = without(style, "<script", "</script>");
	struct strbuf out = { 0 };

	for (const char *s = script; *s;) {
		size_t n = 1;

		if (*s == '<') {
			bool cell = !strncmp(s, "</t", 3) || !strncmp(s, "</p", 3);

			s += strcspn(s, ">") + 1;
			if (cell)
				strbuf_addch(&out, ' ');
			continue;
		}
		for (size_t i = 0; *s == '&' && i < sizeof(entities) / sizeof(*entities); i++) {
			if (!strncmp(s, entities[i].entity, strlen(entities[i].entity))) {
				strbuf_add(&out, entities[i].text);
				n = strlen(entities[i].entity);
			}
		}
		if (*s == '\n')
			strbuf_addch(&out, ' ');
		else if (*s != '&')
			strbuf_addch(&out, *s);
		s += n;
	}
	return strbuf_detach(&out);
}

static void test_golden_file(void **state)
{
	CLEANUP(run_clear) struct run run = golden_run("page");
	CLEANUP(cleanup_free) char *html = page_text(&run, NULL);
	CLEANUP(cleanup_free) char *text = normalised(html);

	(void)state;
	golden_assert("page.html", text);
}

/* --- HTML, terminal and JSON say the same --- */

/* Every match in `text` is somewhere in `other`. */
static size_t assert_contained(const char *pattern, const char *text, const char *other)
{
	regmatch_t at;
	regex_t re;
	size_t found = 0;

	assert_int_equal(regcomp(&re, pattern, REG_EXTENDED), 0);
	for (; !regexec(&re, text, 1, &at, 0); text += at.rm_eo, found++) {
		CLEANUP(cleanup_free)
		char *figure = xstrndup(text + at.rm_so, (size_t)(at.rm_eo - at.rm_so));

		if (!strstr(other, figure))
			fail_msg("\"%s\" is in one report only", figure);
	}
	regfree(&re);
	return found;
}

static void assert_says_all(const struct verdict *v, const char *text)
{
	CLEANUP(strbuf_clear) struct strbuf verdict = { 0 };

	phrase_verdict(v, &verdict);
	assert_non_null(strstr(text, verdict.s));
	vec_each (&v->witnesses, w)
		assert_non_null(strstr(text, w->says));
	vec_each (&v->reasons, reason)
		assert_non_null(strstr(text, *reason));
	vec_each (&v->missing, missing)
		assert_non_null(strstr(text, *missing));
	vec_each (&v->hurdles, h)
		assert_non_null(strstr(text, h->text));
}

static void test_formats_say_the_same(void **state)
{
	static const char *const patterns[] = { "[0-9][0-9.]*x", "\\[[0-9.]+, [0-9.]+\\]",
						"n = [0-9]+", "[0-9.]+ %", "[0-9.]+ (ms|us|MiB)" };

	(void)state;
	for (size_t i = 0; i < golden_runs_n; i++) {
		CLEANUP(run_clear) struct run run = golden_run(golden_runs[i]);
		struct report_style style = golden_rich(100000);
		CLEANUP(strbuf_clear) struct strbuf terminal = { 0 };
		CLEANUP(cleanup_free) char *html = page_text(&run, NULL);
		CLEANUP(cleanup_free) char *text = visible(html);

		style.color = false;
		report_run(&run, &style, &terminal);
		assert_says_all(&run.verdict, terminal.s);
		assert_says_all(&run.verdict, text);
		for (size_t p = 0; p < sizeof(patterns) / sizeof(*patterns); p++)
			assert_contained(patterns[p], terminal.s, text);
		/* nothing that the terminal does not say, but for the 95 % of every interval */
		for (size_t p = 0; p < 3; p++)
			assert_contained(patterns[p], text, terminal.s);
		vec_each (&run.race, e) /* the JSON's figures */
			if (e->outcome == OUTCOME_OK && e->speedup.n) {
				CLEANUP(cleanup_free)
				char *value = xasprintf("data-v=%.6f", e->speedup.value);

				assert_non_null(strstr(html, value));
			}
	}
}

/* --- names stay text --- */

#define HOSTILE "<script>alert(1)</script>\"'><img src=x onerror=alert(2)><!--\xe2\x80\xae&lt;"

static void poison(char **name)
{
	free(*name);
	*name = xstrdup(HOSTILE);
}

static void poison_profile(struct profile *p)
{
	vec_each (&p->stacks, s) {
		vec_each (&s->frames, f) {
			poison(&f->function);
			poison(&f->object);
			poison(&f->file);
		}
	}
	vec_each (&p->sites, s)
		poison(&s->symbol);
	vec_each (&p->wakers, w)
		poison(&w->name);
	poison(&p->why);
}

static void poison_run(struct run *run)
{
	poison_profile(&run->profile);
	vec_each (&run->facts, f) {
		poison(&f->check);
		poison(&f->file);
		poison(&f->function);
		poison(&f->symbol);
		poison(&f->effect);
		poison(&f->detail);
		poison(&f->advice);
		vec_each (&f->sites, s) {
			poison(&s->file);
			poison(&s->function);
		}
	}
	vec_each (&run->race, e) {
		poison(&e->why);
		poison(&e->isolation);
	}
	vec_each (&run->verdict.hurdles, h) {
		poison(&h->check);
		poison(&h->symbol);
		poison(&h->file);
		poison(&h->text);
		poison(&h->excerpt);
	}
	vec_each (&run->verdict.witnesses, w) {
		poison(&w->name);
		poison(&w->says);
		poison(&w->on);
	}
	vec_each (&run->verdict.reasons, text)
		poison(text);
	vec_each (&run->verdict.rules, text)
		poison(text);
	vec_each (&run->workload.argv, text)
		poison(text);
	poison(&run->verdict.agreement);
	poison(&run->machine.cpu);
	poison(&run->machine.kernel);
	poison(&run->target.program);
	poison(&run->target.git_commit);
	poison(&run->tool_version);
}

/* Three scripts of ours, one of them data; no element that a name made; the data is JSON. */
static void assert_tame(const char *html)
{
	const char *start = strstr(html, "<script type=\"application/json\" id=data>");
	CLEANUP(cleanup_free) char *data = NULL;
	CLEANUP(cleanup_free) char *library = without(html, "<script>", "</script>");
	json_t *json;

	assert_int_equal(count(library, "<script"), 3);
	assert_int_equal(count(library, "</script"), 3);
	assert_null(strstr(library, "<img"));
	assert_null(strstr(library, "<!--"));
	assert_null(strstr(library, "\xe2\x80\xae"));
	assert_non_null(strstr(library, "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&gt;"));
	assert_non_null(start);
	start = strchr(start, '>') + 1;
	data = xstrndup(start, (size_t)(strstr(start, "</script>") - start));
	json = json_loads(data, 0, NULL);
	assert_non_null(json);
	json_decref(json);
}

static void test_hostile_names(void **state)
{
	CLEANUP(run_clear) struct run run = golden_run("page");
	CLEANUP(cleanup_free) char *html = NULL;

	(void)state;
	poison_run(&run);
	html = page_text(&run, NULL);
	assert_tame(html);
	assert_non_null(strstr(html, "\"n\":\"\\u003cscript>alert(1)\\u003c/script>\\\"'>"));
}

static void test_hostile_comparison(void **state)
{
	CLEANUP(run_clear) struct run a = golden_run("page");
	CLEANUP(run_clear) struct run b = golden_run("page");
	CLEANUP(comparison_clear) struct comparison c = { .verdict = xstrdup(HOSTILE) };
	struct comparison_entry entry = { .model = MODEL_THREADS,
					  .workers = 2,
					  .why = xstrdup(HOSTILE) };
	struct comparison_wait wait = { xstrdup(HOSTILE), .5, .25, 5, 4 };
	struct comparison_stack moved = { xstrdup(HOSTILE), 5, 4 };
	CLEANUP(strbuf_clear) struct strbuf html = { 0 };

	(void)state;
	strings_add(&c.why_not, HOSTILE);
	strings_add(&c.new_findings, HOSTILE);
	strings_add(&c.fixed_findings, HOSTILE);
	vec_push(&c.entries, entry);
	vec_push(&c.waits, wait);
	vec_push(&c.stacks, moved);
	poison_run(&a);
	poison_run(&b);
	report_html_comparison(&a, &b, &c, &html);
	assert_tame(html.s);
}

static void test_hostile_trend(void **state)
{
	CLEANUP(run_clear) struct run run = golden_run("page");
	CLEANUP(trend_clear) struct trend t = { 0 };
	struct trend_series series = { .name = xstrdup(HOSTILE),
				       .workers = 2,
				       .level = { 5, 4, 6, 2 } };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct trend_run r = { .git_commit = xstrdup(HOSTILE),
				       .verdict = xstrdup(HOSTILE),
				       .model = xstrdup(HOSTILE) };

		vec_push(&t.runs, r);
		vec_push(&series.values, ((struct trend_value){ (size_t)i, { 5, 4, 6, 1 } }));
	}
	vec_push(&t.series, series);
	{
		CLEANUP(cleanup_free) char *html = page_text(&run, &t);

		poison(&run.target.program);
		assert_non_null(strstr(html, "id=chart-trend"));
		assert_tame(html);
	}
}

/* --- runs with less --- */

static void test_an_empty_run(void **state)
{
	struct run run = { 0 };
	CLEANUP(cleanup_free) char *html = page_text(&run, NULL);

	(void)state;
	assert_non_null(strstr(html, "none was asked for."));
	assert_non_null(strstr(html, "Not run"));
	assert_null(strstr(html, "Heaviest stacks"));
	assert_null(strstr(html, "id=chart-trend"));
	assert_null(strstr(html, "{{"));
}

/* The page asks the network for nothing. */
static void test_nothing_is_fetched(void **state)
{
	CLEANUP(run_clear) struct run run = golden_run("page");
	CLEANUP(cleanup_free) char *html = page_text(&run, NULL);
	CLEANUP(cleanup_free) char *text = normalised(html);

	(void)state;
	assert_null(strstr(text, "http:"));
	assert_null(strstr(text, "https:"));
	assert_null(strstr(text, " src="));
	assert_null(strstr(text, "<link"));
	assert_null(strstr(text, " style="));
	assert_null(strstr(html, "unsafe-inline"));
	assert_non_null(strstr(html, "default-src 'none'; script-src 'sha256-"));
}

/* --- flame graphs --- */

static struct stack stack_of(uint64_t ns, size_t depth, uint64_t seed)
{
	struct stack s = { .kind = WAIT_NETWORK, .ns = ns, .count = 1 };

	for (size_t i = 0; i < depth; i++) {
		struct stack_frame f = { .function = xasprintf(
						 "f%llu", (unsigned long long)(seed >> i & 31)) };

		vec_push(&s.frames, f);
	}
	return s;
}

static void assert_adds_up(const struct flame *f, size_t *nodes)
{
	uint64_t sum = 0;

	++*nodes;
	vec_each (&f->children, child) {
		sum += child->ns;
		assert_adds_up(child, nodes);
	}
	assert_true(sum <= f->ns);
}

static void test_many_stacks_become_few_boxes(void **state)
{
	CLEANUP(profile_clear) struct profile p = { .measured = true };
	CLEANUP(strbuf_clear) struct strbuf json = { 0 }, svg = { 0 };
	struct rng rng = { 7 };
	struct flame f = { 0 };
	uint64_t total = 0;
	size_t nodes = 0;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		uint64_t ns = 1 + rng_next(&rng) % 1000;

		vec_push(&p.stacks, stack_of(ns, 1 + rng_next(&rng) % 40, rng_next(&rng)));
		total += ns;
	}
	assert_false(flame_build(&p, NULL, true, &f));
	assert_true(flame_build(&p, NULL, false, &f));
	assert_int_equal(f.ns, total);
	assert_adds_up(&f, &nodes);
	assert_true(nodes > 100 && nodes <= FLAME_NODES);
	flame_json(&f, false, &json);
	flame_svg(&f, false, "test", &svg);
	assert_true(json.len < 100 * FLAME_NODES);
	assert_true(count(svg.s, "<rect") < nodes);
	flame_clear(&f);
}

static void test_a_difference(void **state)
{
	CLEANUP(profile_clear) struct profile a = { .measured = true }, b = { .measured = true };
	CLEANUP(strbuf_clear) struct strbuf json = { 0 };
	struct flame f = { 0 };

	(void)state;
	vec_push(&a.stacks, stack_of(100, 1, 3));
	vec_push(&b.stacks, stack_of(40, 1, 3));
	vec_push(&b.stacks, stack_of(10, 1, 4));
	assert_true(flame_build(&b, &a, false, &f));
	flame_json(&f, true, &json);
	assert_string_equal(json.s,
			    "{\"n\":\"waiting\",\"v\":50,\"k\":\"network\",\"d\":-50,\"c\":["
			    "{\"n\":\"f3\",\"v\":40,\"k\":\"network\",\"d\":-60,\"c\":["
			    "{\"n\":\"network\",\"v\":40,\"k\":\"network\",\"d\":-60}]},"
			    "{\"n\":\"f4\",\"v\":10,\"k\":\"network\",\"d\":10,\"c\":["
			    "{\"n\":\"network\",\"v\":10,\"k\":\"network\",\"d\":10}]}]}");
	flame_clear(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden_file),
		cmocka_unit_test(test_formats_say_the_same),
		cmocka_unit_test(test_hostile_names),
		cmocka_unit_test(test_hostile_comparison),
		cmocka_unit_test(test_hostile_trend),
		cmocka_unit_test(test_an_empty_run),
		cmocka_unit_test(test_nothing_is_fetched),
		cmocka_unit_test(test_many_stacks_become_few_boxes),
		cmocka_unit_test(test_a_difference),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
