#include "model/concurrency.h"

#include <assert.h>

#include "model/keys.h"

KEYS_DEFINE(model, MODELS)
KEYS_DEFINE_FROM(model)
KEYS_DEFINE(row, ROWS)
KEYS_DEFINE_FROM(row)
KEYS_DEFINE(outcome, OUTCOMES)
KEYS_DEFINE_FROM(outcome)

#define TITLE(id, key, title, meaning)          [id] = title,
#define MEANING(id, key, title, meaning)        [id] = meaning,
#define SITUATION(id, key, situation, approach) [id] = situation,
#define APPROACH(id, key, situation, approach)  [id] = approach,

const char *model_title(enum model model)
{
	static const char *const titles[] = { MODELS(TITLE) };

	assert(model < MODEL_COUNT);
	return titles[model];
}

const char *model_meaning(enum model model)
{
	static const char *const meanings[] = { MODELS(MEANING) };

	assert(model < MODEL_COUNT);
	return meanings[model];
}

const char *row_situation(enum row row)
{
	static const char *const situations[] = { ROWS(SITUATION) };

	assert(row < ROW_COUNT);
	return situations[row];
}

const char *row_approach(enum row row)
{
	static const char *const approaches[] = { ROWS(APPROACH) };

	assert(row < ROW_COUNT);
	return approaches[row];
}
