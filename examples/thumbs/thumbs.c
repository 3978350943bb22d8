/*
 * thumbs - make a small picture of a large one
 *
 *	thumbs IN.jpg > OUT.jpg
 *
 * Decodes, averages over boxes, sharpens, and encodes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

#include <jpeglib.h>

#define THUMB_WIDTH   320
#define THUMB_QUALITY 82

struct image {
	int width, height;
	unsigned char *rgb;
};

static const char *file_name;
static int verbose; /* set by -v */

/* Red, green, blue and the number of pixels of each box of the row at hand. */
static long sums[THUMB_WIDTH][4];

static void die(const char *what)
{
	fprintf(stderr, "thumbs: %s: %s\n", file_name, what);
	exit(1);
}

static void *allocate(size_t size)
{
	void *p = malloc(size);

	if (!p)
		die("out of memory");
	return p;
}

static unsigned char *read_file(const char *path, unsigned long *size)
{
	unsigned char *data;
	FILE *file = fopen(path, "rb");
	long len = 0;

	if (!file)
		die(strerror(errno));
	if (fseek(file, 0, SEEK_END) || (len = ftell(file)) < 0 || fseek(file, 0, SEEK_SET))
		die("not a regular file");
	data = allocate(len + 1);
	if (fread(data, 1, len, file) != (size_t)len)
		die("cannot read");
	fclose(file);
	*size = len;
	return data;
}

/* libjpeg's own handler prints less and leaves more. */
static void on_error(j_common_ptr cinfo)
{
	char text[JMSG_LENGTH_MAX];

	cinfo->err->format_message(cinfo, text);
	die(text);
}

/* Add a row of the large picture to the sums of the boxes it falls into. */
static void add_row(const unsigned char *row, int width, int thumb_width)
{
	for (int x = 0; x < thumb_width; x++) {
		const unsigned char *p = row + (long)x * width / thumb_width * 3;
		const unsigned char *end = row + (long)(x + 1) * width / thumb_width * 3;

		long red = 0, green = 0, blue = 0;

		sums[x][3] += (end - p) / 3;
		for (; p < end; p += 3) {
			red += p[0];
			green += p[1];
			blue += p[2];
		}
		sums[x][0] += red;
		sums[x][1] += green;
		sums[x][2] += blue;
	}
}

/* A row of the small picture: the mean of each box. */
static void take_row(unsigned char *row, int thumb_width)
{
	for (int x = 0; x < thumb_width; x++) {
		for (int c = 0; c < 3; c++)
			*row++ = sums[x][c] / sums[x][3];
	}
	memset(sums, 0, sizeof(sums));
}

/* Decode row by row and shrink on the way, so that the large picture is never in memory. */
static void load_thumb(const char *path, struct image *thumb)
{
	struct jpeg_decompress_struct cinfo;
	struct jpeg_error_mgr errors;
	unsigned long size;
	unsigned char *data = read_file(path, &size);
	JSAMPROW row;
	int y = 0;

	cinfo.err = jpeg_std_error(&errors);
	errors.error_exit = on_error;
	jpeg_create_decompress(&cinfo);
	jpeg_mem_src(&cinfo, data, size);
	jpeg_read_header(&cinfo, TRUE);
	cinfo.out_color_space = JCS_RGB;
	jpeg_start_decompress(&cinfo);
	thumb->width = MIN(THUMB_WIDTH, cinfo.output_width);
	thumb->height = MAX(1, (long)cinfo.output_height * thumb->width / cinfo.output_width);
	thumb->rgb = allocate((size_t)thumb->width * thumb->height * 3);
	row = allocate((size_t)cinfo.output_width * 3);
	while (cinfo.output_scanline < cinfo.output_height) {
		jpeg_read_scanlines(&cinfo, &row, 1);
		add_row(row, cinfo.output_width, thumb->width);
		if ((long)cinfo.output_scanline * thumb->height >=
		    (long)(y + 1) * cinfo.output_height)
			take_row(thumb->rgb + (size_t)y++ * thumb->width * 3, thumb->width);
	}
	if (verbose)
		fprintf(stderr, "%s: %ux%u to %dx%d\n", path, cinfo.output_width,
			cinfo.output_height, thumb->width, thumb->height);
	jpeg_finish_decompress(&cinfo);
	jpeg_destroy_decompress(&cinfo);
	free(row);
	free(data);
}

static void sharpen(struct image *image)
{
	size_t stride = (size_t)image->width * 3;
	unsigned char *copy = allocate(stride * image->height);

	memcpy(copy, image->rgb, stride * image->height);
	for (int y = 1; y + 1 < image->height; y++) {
		for (size_t i = 3; i + 3 < stride; i++) {
			const unsigned char *p = copy + y * stride + i;
			int value = (8 * p[0] - p[-3] - p[3] - p[-(long)stride] - p[stride]) / 4;

			image->rgb[y * stride + i] = value < 0 ? 0 : value > 255 ? 255 : value;
		}
	}
	free(copy);
}

static void encode(const struct image *image, FILE *out)
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
	jpeg_set_quality(&cinfo, THUMB_QUALITY, TRUE);
	jpeg_start_compress(&cinfo, TRUE);
	while (cinfo.next_scanline < cinfo.image_height) {
		JSAMPROW row = image->rgb + (size_t)cinfo.next_scanline * image->width * 3;

		jpeg_write_scanlines(&cinfo, &row, 1);
	}
	jpeg_finish_compress(&cinfo);
	jpeg_destroy_compress(&cinfo);
	if (fwrite(data, 1, size, out) != size || fflush(out))
		die("cannot write");
	free(data);
}

int main(int argc, char **argv)
{
	struct image thumb;

	if (argc > 1 && strcmp(argv[1], "-v") == 0) {
		verbose = 1;
		argc--;
		argv++;
	}
	if (argc != 2) {
		fprintf(stderr, "usage: thumbs [-v] IN.jpg > OUT.jpg\n");
		return 2;
	}
	file_name = argv[1];
	load_thumb(file_name, &thumb);
	sharpen(&thumb);
	encode(&thumb, stdout);
	free(thumb.rgb);
	return 0;
}
