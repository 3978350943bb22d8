/*
 * dump_json WHAT - print what concur writes, for check_schema.py
 *
 * WHAT is run, empty, comparison, runs, history, gate, or keys: the keys of every enum that the schemas list.
 */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "full_run.h"
#include "model/keys.h"
#include "model/run_json.h"

static char *empty_text(void)
{
	const struct run run = { .id = "0190d5a2-7c4e-7b1a-9f00-0123456789ab" };

	return run_json_text(&run);
}

static char *run_text(void)
{
	CLEANUP(run_clear) struct run run = full_run();

	return run_json_text(&run);
}

static char *comparison_text(void)
{
	CLEANUP(comparison_clear) struct comparison c = full_comparison();

	return comparison_json_text(&c);
}

static char *runs_text(void)
{
	CLEANUP(history_clear) struct history h = full_history();

	return history_json_text(&h);
}

static char *trend_text(void)
{
	CLEANUP(trend_clear) struct trend t = full_trend();

	return trend_json_text(&t);
}

static char *gate_text(void)
{
	CLEANUP(gate_clear) struct gate g = full_gate();

	return gate_json_text(&g);
}

static char *keys_text(void)
{
	static const struct {
		const char *name;
		const struct keys *keys;
	} enums[] = {
		{ "bound", &bound_keys },
		{ "change", &change_keys },
		{ "gate_result", &gate_result_keys },
		{ "model", &model_keys },
		{ "present_need", &present_need_keys },
		{ "outcome", &outcome_keys },
		{ "row", &row_keys },
		{ "tier", &tier_keys },
		{ "verdict_kind", &verdict_kind_keys },
		{ "wait_kind", &wait_kind_keys },
	};
	struct strbuf out = { 0 };

	for (size_t i = 0; i < sizeof(enums) / sizeof(*enums); i++) {
		strbuf_addf(&out, "%s\"%s\": [", i ? ", " : "{", enums[i].name);
		for (unsigned k = 0; k < enums[i].keys->n; k++)
			strbuf_addf(&out, "%s\"%s\"", k ? ", " : "", keys_name(enums[i].keys, k));
		strbuf_add(&out, "]");
	}
	strbuf_add(&out, "}\n");
	return strbuf_detach(&out);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *what;
		char *(*text)(void);
	} texts[] = {
		{ "run", run_text },   { "empty", empty_text },   { "comparison", comparison_text },
		{ "runs", runs_text }, { "history", trend_text }, { "gate", gate_text },
		{ "keys", keys_text },
	};

	for (size_t i = 0; argc == 2 && i < sizeof(texts) / sizeof(*texts); i++) {
		if (!strcmp(argv[1], texts[i].what)) {
			CLEANUP(cleanup_free) char *text = texts[i].text();

			return fputs(text, stdout) < 0;
		}
	}
	fputs("usage: dump_json run|empty|comparison|runs|history|gate|keys\n", stderr);
	return 2;
}
