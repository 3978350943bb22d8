#include "model/pair.h"

void pair_clear(struct pair *pair)
{
	vec_clear(&pair->walls_old);
	vec_clear(&pair->walls_new);
	*pair = (struct pair){ 0 };
}
