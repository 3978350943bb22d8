#include "base/cleanup.h"
#include "report/report.h"
#include "report/stack_lines.h"

void report_folded(const struct run *run, struct strbuf *out)
{
	CLEANUP(stack_lines_clear) struct stack_lines lines = { 0 };

	stack_lines_of(&run->profile, &lines);
	vec_each (&lines, line) {
		strbuf_add(out, line->on_cpu ? "on-CPU" : "off-CPU");
		vec_each (&line->calls, name) {
			strbuf_addch(out, ';');
			for (const char *s = *name; *s; s++) /* it parts the calls */
				strbuf_addch(out, *s == ';' ? ':' : *s);
		}
		strbuf_addf(out, " %llu\n", (unsigned long long)line->ns);
	}
}
