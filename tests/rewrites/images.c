/* images FILE.jpg > SMALL.jpg: decode, shrink by averaging boxes of 5 x 5 pixels, encode. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include "task.h"

#define BOX  5
#define PAGE 4096

struct image {
	unsigned width, height; /* of the small one */
	unsigned char *rgb;
};

static void on_error(j_common_ptr cinfo)
{
	char text[JMSG_LENGTH_MAX];

	cinfo->err->format_message(cinfo, text);
	task_die("image", text);
}

/*
 * All zeros, and at the start of a page: where the buffers lie changes the time of a picture by half (docs/method.md), and
 * malloc would place them differently in each form.
 */
static void *allocate(size_t size)
{
	size_t whole = (size + PAGE - 1) / PAGE * PAGE;
	void *p = aligned_alloc(PAGE, whole);

	if (!p)
		task_die("memory", strerror(errno));
	return memset(p, 0, whole);
}

static void add_row(const unsigned char *row, unsigned width, unsigned *sums)
{
	for (unsigned x = 0; x < width; x++) {
		unsigned red = 0, green = 0, blue = 0;

		for (int i = 0; i < BOX; i++, row += 3) {
			red += row[0];
			green += row[1];
			blue += row[2];
		}
		*sums++ += red;
		*sums++ += green;
		*sums++ += blue;
	}
}

static void load(const char *path, struct image *small)
{
	struct jpeg_decompress_struct cinfo;
	struct jpeg_error_mgr errors;
	FILE *in = fopen(path, "rb");
	unsigned *sums; /* and after them the row */
	JSAMPROW row;
	size_t n;

	if (!in)
		task_die(path, strerror(errno));
	cinfo.err = jpeg_std_error(&errors);
	errors.error_exit = on_error;
	jpeg_create_decompress(&cinfo);
	jpeg_stdio_src(&cinfo, in);
	jpeg_read_header(&cinfo, TRUE);
	cinfo.out_color_space = JCS_RGB;
	jpeg_start_decompress(&cinfo);
	small->width = cinfo.output_width / BOX;
	small->height = cinfo.output_height / BOX;
	small->rgb = allocate((size_t)small->width * small->height * 3);
	n = (size_t)small->width * 3;
	sums = allocate(n * sizeof(*sums) + (size_t)cinfo.output_width * 3);
	row = (JSAMPROW)(sums + n);
	for (unsigned y = 0; y < cinfo.output_height; y++) {
		jpeg_read_scanlines(&cinfo, &row, 1);
		add_row(row, small->width, sums);
		if (y % BOX != BOX - 1 || y / BOX >= small->height)
			continue;
		for (size_t i = 0; i < n; i++)
			small->rgb[y / BOX * n + i] = (unsigned char)(sums[i] / (BOX * BOX));
		memset(sums, 0, n * sizeof(*sums));
	}
	jpeg_finish_decompress(&cinfo);
	jpeg_destroy_decompress(&cinfo);
	fclose(in);
	free(sums);
}

static void save(const struct image *image, FILE *out)
{
	struct jpeg_compress_struct cinfo;
	struct jpeg_error_mgr errors;
	unsigned char *data = NULL;
	unsigned long size = 0;

	cinfo.err = jpeg_std_error(&errors);
	errors.error_exit = on_error;
	jpeg_create_compress(&cinfo);
	jpeg_mem_dest(&cinfo, &data, &size);
	cinfo.image_width = image->width;
	cinfo.image_height = image->height;
	cinfo.input_components = 3;
	cinfo.in_color_space = JCS_RGB;
	jpeg_set_defaults(&cinfo);
	jpeg_set_quality(&cinfo, 82, TRUE);
	jpeg_start_compress(&cinfo, TRUE);
	while (cinfo.next_scanline < cinfo.image_height) {
		JSAMPROW row = image->rgb + (size_t)cinfo.next_scanline * image->width * 3;

		jpeg_write_scanlines(&cinfo, &row, 1);
	}
	jpeg_finish_compress(&cinfo);
	jpeg_destroy_compress(&cinfo);
	fwrite(data, 1, size, out);
	free(data);
}

void task_run(const char *task, FILE *out)
{
	struct image small;

	load(task, &small);
	save(&small, out);
	free(small.rgb);
}
