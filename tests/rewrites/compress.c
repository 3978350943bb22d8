/* compress FILE > FILE.z: deflate, level 6. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "task.h"

void task_run(const char *task, FILE *out)
{
	FILE *in = fopen(task, "rb");
	unsigned char *plain, *packed;
	struct stat st;
	uLongf len;

	if (!in || fstat(fileno(in), &st))
		task_die(task, strerror(errno));
	len = compressBound((uLong)st.st_size);
	plain = malloc((size_t)st.st_size + 1);
	packed = malloc(len);
	if (!plain || !packed)
		task_die(task, "out of memory");
	if (fread(plain, 1, (size_t)st.st_size, in) != (size_t)st.st_size)
		task_die(task, "cannot read");
	fclose(in);
	if (compress2(packed, &len, plain, (uLong)st.st_size, 6) != Z_OK)
		task_die(task, "cannot compress");
	fwrite(packed, 1, len, out);
	free(plain);
	free(packed);
}
