#include <ctype.h>
#include <jansson.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/json.h"
#include "report/pages.h"
#include "report/phrase.h"
#include "report/report.h"

#define SCHEMA                                                                                     \
	"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/"                      \
	"sarif-schema-2.1.0.json"

/* RFC 3986: what is not unreserved is escaped, but for the slashes. */
static json_t *uri_of(const char *file)
{
	CLEANUP(strbuf_clear) struct strbuf uri = { 0 };

	strbuf_add(&uri, *file == '/' ? "file://" : "");
	for (const unsigned char *s = (const unsigned char *)file; *s; s++) {
		if (*s < 0x80 && (isalnum(*s) || strchr("/-._~", *s)))
			strbuf_addch(&uri, (char)*s);
		else
			strbuf_addf(&uri, "%%%02X", *s);
	}
	return json_string(strbuf_str(&uri));
}

static json_t *location_of(const char *file, int line, int column, const char *function)
{
	json_t *artifact = json_pack("{s:o}", "uri", uri_of(file));
	json_t *physical = json_pack("{s:O}", "artifactLocation", artifact);
	json_t *location = json_pack("{s:O}", "physicalLocation", physical);

	if (*file != '/')
		json_object_set_new(artifact, "uriBaseId", json_string("SRCROOT"));
	if (line > 0) {
		json_t *region = json_pack("{s:i}", "startLine", line);

		if (column > 0)
			json_object_set_new(region, "startColumn", json_integer(column));
		json_object_set_new(physical, "region", region);
	}
	if (function)
		json_object_set_new(location, "logicalLocations",
				    json_pack("[{s:o, s:s}]", "name", json_clean(function), "kind",
					      "function"));
	json_decref(artifact);
	json_decref(physical);
	return location;
}

static json_t *message_of(const char *text, const char *more)
{
	CLEANUP(cleanup_free)
	char *whole = xasprintf("%s%s%s", phrase_or(text, ""), more ? "; " : "", more ? more : "");

	return json_pack("{s:o}", "text", json_clean(whole));
}

static json_t *site_of(const struct fact_site *s)
{
	json_t *location = location_of(s->file, s->line, 0, s->function);

	json_object_set_new(location, "message", message_of(s->access, NULL));
	return location;
}

/* Where a variable is used, with how; or the calls that lead from a function to what blocks, which
 * are one flow of code. */
static void put_sites(const struct fact *f, json_t *result)
{
	bool chain = fact_is_chain(f);
	json_t *list = json_array();

	vec_each (&f->sites, s) {
		json_t *location = site_of(s);

		json_array_append_new(list,
				      chain ? json_pack("{s:o}", "location", location) : location);
	}
	if (chain)
		json_object_set_new(result, "codeFlows",
				    json_pack("[{s:[{s:o}]}]", "threadFlows", "locations", list));
	else
		json_object_set_new(result, "relatedLocations", list);
}

/* What the verdict asks to change here, or NULL. */
static const struct hurdle *hurdle_of(const struct verdict *v, const struct fact *f)
{
	vec_each (&v->hurdles, h) {
		if (h->line == f->line && !strcmp(h->check, f->check) &&
		    !strcmp(h->file, f->file) && !strcmp(h->symbol, f->symbol))
			return h;
	}
	return NULL;
}

static json_t *result_of(const struct run *run, const struct fact *f, size_t rule,
			 const struct report_finding *finding)
{
	const struct hurdle *h = hurdle_of(&run->verdict, f);
	json_t *result = json_pack(
		"{s:o, s:I, s:s, s:o, s:[o], s:{s:o}}", "ruleId", json_clean(f->check), "ruleIndex",
		(json_int_t)rule, "level", finding->is_note ? "note" : "warning", "message",
		message_of(phrase_or(f->detail, f->symbol), f->advice), "locations",
		location_of(f->file, f->line, f->column, f->function), "partialFingerprints",
		"concurFinding/v1", json_clean(finding->fingerprint));

	if (f->sites.n)
		put_sites(f, result);
	if (f->excuse)
		json_object_set_new(result, "suppressions",
				    json_pack("[{s:s, s:o}]", "kind", "inSource", "justification",
					      json_clean(f->excuse)));
	if (finding->known >= 0)
		json_object_set_new(result, "baselineState",
				    json_string(finding->known ? "unchanged" : "new"));
	if (h)
		json_object_set_new(result, "properties",
				    json_pack("{s:s, s:o}", "inTheWayOf",
					      model_key(phrase_hurdles_model(&run->verdict)),
					      "change", json_clean(h->text)));
	return result;
}

/* A rule with the page that explains it. */
static json_t *rule_of(const struct fact *f, bool is_note)
{
	json_t *rule = json_pack("{s:o, s:{s:s}}", "id", json_clean(f->check),
				 "defaultConfiguration", "level", is_note ? "note" : "warning");
	struct topic page;

	if (pages_find(f->check, &page)) {
		CLEANUP(cleanup_free) char *heading = xstrndup(page.heading, page.heading_n);
		CLEANUP(cleanup_free) char *body = xstrndup(page.body, page.body_n);
		CLEANUP(cleanup_free) char *help = xasprintf("concur explain %s", f->check);
		const char *colon = strstr(heading, ": ");

		json_object_set_new(rule, "shortDescription",
				    json_pack("{s:s}", "text", colon ? colon + 2 : heading));
		json_object_set_new(rule, "help",
				    json_pack("{s:s, s:s}", "text", help, "markdown",
					      body + strspn(body, "\n")));
	}
	return rule;
}

static size_t rule_index(json_t *rules, const struct fact *f, bool is_note)
{
	CLEANUP(json_release) json_t *id = json_clean(f->check);
	json_t *rule;
	size_t i;

	json_array_foreach (rules, i, rule)
		if (json_equal(json_object_get(rule, "id"), id))
			return i;
	json_array_append_new(rules, rule_of(f, is_note));
	return i;
}

/* What could not be read, and what the clock said. */
static json_t *invocation_of(const struct run *run)
{
	json_t *notices = json_array();

	vec_each (&run->facts.failures, f)
		json_array_append_new(notices,
				      json_pack("{s:s, s:o, s:[o]}", "level",
						f->left_out ? "note" : "warning", "message",
						message_of("not read", f->why), "locations",
						location_of(f->file, 0, 0, NULL)));
	return json_pack("{s:b, s:o}", "executionSuccessful", run->facts.analysed,
			 "toolExecutionNotifications", notices);
}

static json_t *properties_of(const struct run *run)
{
	const struct verdict *v = &run->verdict;
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	json_t *p =
		json_pack("{s:s, s:s}", "run", run->id, "verdictKind", verdict_kind_key(v->kind));

	phrase_verdict(v, &text);
	json_object_set_new(p, "verdict", json_clean(text.s));
	if (v->has_row)
		json_object_set_new(p, "row", json_string(row_key(v->row)));
	if (run->facts.suppressed)
		json_object_set_new(p, "suppressedInSource",
				    json_integer((json_int_t)run->facts.suppressed));
	return p;
}

void report_sarif(const struct run *run, const struct report_finding *findings, struct strbuf *out)
{
	json_t *rules = json_array(), *results = json_array();
	size_t i = 0;

	vec_each (&run->facts, f) {
		size_t rule = rule_index(rules, f, findings[i].is_note);

		json_array_append_new(results, result_of(run, f, rule, &findings[i++]));
	}
	vec_each (&run->facts.silenced, f) {
		size_t rule = rule_index(rules, f, findings[i].is_note);

		json_array_append_new(results, result_of(run, f, rule, &findings[i++]));
	}
	json_put(
		json_pack("{s:s, s:s, s:[{s:{s:{s:s, s:s, s:o}}, s:s, s:{s:{s:{s:s}}}, s:[o], s:o, "
			  "s:o}]}",
			  "$schema", SCHEMA, "version", "2.1.0", "runs", "tool", "driver", "name",
			  "concur", "semanticVersion", CONCUR_VERSION, "rules", rules, "columnKind",
			  "unicodeCodePoints", "originalUriBaseIds", "SRCROOT", "description",
			  "text", "The project that was analysed.", "invocations",
			  invocation_of(run), "results", results, "properties", properties_of(run)),
		out);
}
