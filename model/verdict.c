#include "model/verdict.h"

#include <stdlib.h>

#include "model/keys.h"

KEYS_DEFINE(verdict_kind, VERDICT_KINDS)
KEYS_DEFINE_FROM(verdict_kind)

void verdict_clear(struct verdict *v)
{
	free(v->agreement);
	free(v->confidence);
	free(v->rests_on);
	free(v->unit);
	vec_clear(&v->ties);
	strings_clear(&v->rules);
	vec_each (&v->hurdles, hurdle) {
		free(hurdle->check);
		free(hurdle->symbol);
		free(hurdle->file);
		free(hurdle->text);
		free(hurdle->excerpt);
	}
	vec_clear(&v->hurdles);
	strings_clear(&v->reasons);
	strings_clear(&v->missing);
	vec_each (&v->witnesses, witness) {
		free(witness->name);
		free(witness->says);
		free(witness->on);
		free(witness->sure);
	}
	vec_clear(&v->witnesses);
	outlook_clear(&v->outlook);
	scalings_clear(&v->scalings);
	*v = (struct verdict){ 0 };
}
