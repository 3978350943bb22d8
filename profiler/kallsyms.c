#include "profiler/kallsyms.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/strbuf.h"

#define KALLSYMS "/proc/kallsyms"

static int symbol_compare(const void *a, const void *b)
{
	const struct kernel_symbol *x = a, *y = b;

	return (x->address > y->address) - (x->address < y->address);
}

/* "ffffffff81000000 T _stext\t[module]" -> address and name; false for anything that is not code. */
static bool parse_line(char *line, struct kernel_symbol *ret)
{
	char *end, *name;

	ret->address = strtoull(line, &end, 16);
	if (end == line || *end != ' ' || !ret->address)
		return false;
	if (!strchr("tTwW", end[1]) || !end[1] || end[2] != ' ')
		return false;
	name = end + 3;
	name[strcspn(name, "\t ")] = '\0';
	ret->name = name;
	return *name;
}

struct error *kallsyms_parse(char *text, struct kallsyms *ret)
{
	CLEANUP(kallsyms_clear) struct kallsyms k = { .text = text };
	char *rest = text, *line;

	while ((line = strsep(&rest, "\n"))) {
		struct kernel_symbol symbol;

		if (parse_line(line, &symbol))
			vec_push(&k, symbol);
	}
	if (!k.n)
		return error_hint(error_new(ERROR_MACHINE, KALLSYMS " shows no addresses"),
				  "run as root, or: sysctl kernel.kptr_restrict=0");
	qsort(k.items, k.n, sizeof(*k.items), symbol_compare);
	*ret = k;
	k = (struct kallsyms){ 0 };
	return NULL;
}

struct error *kallsyms_load(struct kallsyms *ret)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	struct error *err = file_read(KALLSYMS, &text);

	if (err)
		return err;
	return kallsyms_parse(strbuf_detach(&text), ret);
}

void kallsyms_clear(struct kallsyms *k)
{
	vec_clear(k);
	free(k->text);
	k->text = NULL;
}

const char *kallsyms_name(const struct kallsyms *k, uint64_t address)
{
	size_t low = 0, high = k->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (k->items[mid].address <= address)
			low = mid + 1;
		else
			high = mid;
	}
	return low ? k->items[low - 1].name : NULL;
}

bool kallsyms_readable(void)
{
	CLEANUP(cleanup_file) FILE *file = fopen(KALLSYMS, "re");
	char line[512];

	for (int i = 0; file && i < 64 && fgets(line, sizeof(line), file); i++) {
		if (strtoull(line, NULL, 16))
			return true;
	}
	return false;
}
