#include "profiler/locks.h"

#include "base/cleanup.h"

static const struct {
	const char *name;
	bool takes;
} functions[] = {
	{ "pthread_mutex_lock", true },     { "pthread_mutex_timedlock", true },
	{ "pthread_mutex_unlock", false },  { "pthread_rwlock_wrlock", true },
	{ "pthread_rwlock_unlock", false },
};

void lock_functions_find(const char *program, struct lock_functions *ret)
{
	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++) {
		struct lock_function f = { .takes = functions[i].takes };
		CLEANUP(error_clear)
		struct error *err = unit_find(program, functions[i].name, &f.place);

		if (!err)
			vec_push(ret, f);
	}
}

void lock_functions_clear(struct lock_functions *f)
{
	vec_each (f, function)
		unit_clear(&function->place);
	vec_clear(f);
}
