/*
 * The readers of kernel names: a table of rules, a kallsyms text and a tracepoint's format, all made
 * of the same bytes, and the rules applied to symbols found in them.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "profiler/calls.h"
#include "profiler/classify.h"
#include "profiler/kallsyms.h"
#include "profiler/tracefs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_rules(const char *text)
{
	const char *const stack[] = { text, "schedule", NULL, "__x64_sys_read", "a.constprop.0" };
	struct classifier c = { 0 };
	struct error *err = classifier_parse(text, &c);
	const char *symbol;

	if (!err) {
		classifier_kind(&c, stack, sizeof(stack) / sizeof(*stack), &symbol);
		vec_each (&c, rule) {
			if (!classifier_rule(&c, rule->symbol) && !strchr(rule->symbol, '.') &&
			    strncmp(rule->symbol, "__", 2) && rule->len < 100)
				abort(); /* a symbol that has a rule must find one */
		}
	}
	error_free(err);
	classifier_clear(&c);
}

static void fuzz_kallsyms(const char *text)
{
	struct kallsyms k = { 0 };
	struct error *err = kallsyms_parse(xstrdup(text), &k);

	for (size_t i = 1; i < k.n; i++) {
		if (k.items[i - 1].address > k.items[i].address)
			abort();
	}
	kallsyms_name(&k, 0xffffffff81000000);
	error_free(err);
	kallsyms_clear(&k);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = xstrndup((const char *)data, size);
	struct tracepoint tp = { 0 };
	struct call_wait wait = { 0 };

	fuzz_rules(text);
	fuzz_kallsyms(text);
	error_free(tracefs_parse(text, "pid", &tp));
	calls_parse(text, 1, &wait);
	free(text);
	return 0;
}
