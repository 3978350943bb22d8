/* The sequential program of a job: JOB TASK... runs one task after another. */
#include "task.h"

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: %s TASK...\n", argv[0]);
		return 2;
	}
	for (int i = 1; i < argc; i++)
		task_run(argv[i], stdout);
	return 0;
}
