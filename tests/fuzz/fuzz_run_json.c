/* Any text gives an error or a run; a run that was read can be written and read again, unchanged. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/run_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	CLEANUP(run_clear) struct run run = { 0 };
	CLEANUP(run_clear) struct run back = { 0 };
	CLEANUP(cleanup_free) char *once = NULL, *twice = NULL;
	CLEANUP(error_clear) struct error *err = run_json_parse((const char *)bytes, n, &run);

	if (err)
		return 0;
	once = run_json_text(&run);
	err = run_json_parse(once, strlen(once), &back);
	if (err) {
		fprintf(stderr, "cannot read what was written: %s\n", err->message);
		abort();
	}
	twice = run_json_text(&back);
	if (strcmp(once, twice)) {
		fputs("changed on the way\n", stderr);
		abort();
	}
	return 0;
}
