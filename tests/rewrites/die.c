#include <errno.h>
#include <stdlib.h>

#include "task.h"

noreturn void task_die(const char *what, const char *why)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, why);
	exit(1);
}
