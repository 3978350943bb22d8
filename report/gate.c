#include "base/cleanup.h"
#include "report/page.h"
#include "report/words.h"

static enum ink ink_of(const struct gate_check *check)
{
	if (check->fails || check->result == GATE_FAILED)
		return INK_BAD;
	return check->result == GATE_PASSED ? INK_GOOD : INK_DOUBT;
}

void report_gate(const struct gate *gate, const struct report_style *style, struct strbuf *out)
{
	struct page p = page_on(style, out);

	page_item(&p, gate->passed ? "Gate: passed" : "Gate: failed",
		  gate->passed ? INK_GOOD : INK_BAD, 2, ", at %.4g %% confidence",
		  100 * gate->confidence);
	vec_each (&gate->notes, note)
		page_item(&p, "  note          ", INK_DOUBT, 16, "%s", *note);
	vec_each (&gate->checks, check) {
		CLEANUP(cleanup_free)
		char *label = xasprintf("  %-14s", gate_result_key(check->result));

		page_item(&p, label, ink_of(check), 16, "%s%s", check->text ? check->text : "",
			  check->fails && check->result != GATE_FAILED ? "; this fails the gate"
								       : "");
	}
}

/* XML 1.0 has no control characters, however they are written. */
static void add_xml(struct strbuf *out, const char *text)
{
	CLEANUP(cleanup_free) char *clean = word_clean(text, true);

	for (const char *c = clean; *c; c++) {
		const char *entity = *c == '<'   ? "&lt;"
				     : *c == '>' ? "&gt;"
				     : *c == '&' ? "&amp;"
				     : *c == '"' ? "&quot;"
						 : NULL;

		if (entity)
			strbuf_add(out, entity);
		else
			strbuf_addch(out, *c);
	}
}

static void add_case(struct strbuf *out, const struct gate_check *check)
{
	const char *tag = check->fails && check->result == GATE_NOT_MEASURED ? "error"
			  : check->fails                                     ? "failure"
			  : check->result == GATE_PASSED || check->result == GATE_FAILED
				  ? NULL
				  : "skipped";

	strbuf_add(out, "    <testcase classname=\"concur.gate\" name=\"");
	add_xml(out, check->name);
	strbuf_add(out, "\">\n");
	if (tag) {
		strbuf_addf(out, "      <%s message=\"", tag);
		add_xml(out, check->text);
		strbuf_add(out, "\"/>\n");
	} else {
		strbuf_add(out, "      <system-out>");
		add_xml(out, check->text);
		strbuf_add(out, "</system-out>\n");
	}
	strbuf_add(out, "    </testcase>\n");
}

void report_junit(const struct gate *gate, struct strbuf *out)
{
	size_t failures = 0, errors = 0, skipped = 0;

	vec_each (&gate->checks, c) {
		bool error = c->fails && c->result == GATE_NOT_MEASURED;

		errors += error;
		failures += c->fails && !error;
		skipped += !c->fails &&
			   (c->result == GATE_NOT_MEASURED || c->result == GATE_CANNOT_TELL);
	}
	strbuf_addf(out,
		    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
		    "  <testsuite name=\"concur gate\" tests=\"%zu\" failures=\"%zu\" "
		    "errors=\"%zu\" skipped=\"%zu\">\n",
		    gate->checks.n, failures, errors, skipped);
	vec_each (&gate->checks, check)
		add_case(out, check);
	strbuf_add(out, "  </testsuite>\n</testsuites>\n");
}
