#include "libav.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The parts of AVFrame that are at the same place in libavutil 57 (FFmpeg 5) and 58 (FFmpeg 6).
struct frame {
	uint8_t *data[8];
	int linesize[8];
	uint8_t **extended_data;
	int width, height;
	int nb_samples;
	int format;
	uint8_t between[256];
	int decode_error_flags;
};

_Static_assert(offsetof(struct frame, linesize) == 64 && offsetof(struct frame, width) == 104 &&
	offsetof(struct frame, format) == 116 && offsetof(struct frame, decode_error_flags) == 376, "AVFrame is elsewhere");

enum { PADDING = 64, QUIET = -8 }; // AV_INPUT_BUFFER_PADDING_SIZE, AV_LOG_QUIET

static struct {
	unsigned (*avcodec_version)(void);
	unsigned (*avutil_version)(void);
	const void *(*avcodec_find_decoder_by_name)(const char *);
	void *(*avcodec_alloc_context3)(const void *);
	void (*avcodec_free_context)(void **);
	int (*avcodec_open2)(void *, const void *, void **);
	int (*avcodec_send_packet)(void *, const void *);
	int (*avcodec_receive_frame)(void *, void *);
	void (*avcodec_flush_buffers)(void *);
	void *(*av_packet_alloc)(void);
	void (*av_packet_free)(void **);
	void (*av_packet_unref)(void *);
	int (*av_packet_from_data)(void *, uint8_t *, int);
	void *(*av_frame_alloc)(void);
	void (*av_frame_free)(void **);
	void (*av_frame_unref)(void *);
	void *(*av_malloc)(size_t);
	void (*av_free)(void *);
	int (*av_opt_set)(void *, const char *, const char *, int);
	int (*av_opt_set_int)(void *, const char *, int64_t, int);
	void (*av_log_set_level)(int);
	const char *(*av_get_pix_fmt_name)(int);
} av;

struct libav {
	void *context, *packet;
	struct frame *frame;
};

// The releases that are known, the newest first.
static const struct { const char *codec, *util; unsigned versions[2]; } releases[] = {
	{"libavcodec.so.60", "libavutil.so.58", {60, 58}},
	{"libavcodec.so.59", "libavutil.so.57", {59, 57}},
};

// find loads all functions, and returns the name of one that is missing, or NULL.
static const char *find(void *codec, void *util) {
#define FIND(library, name) if ((*(void **)&av.name = dlsym(library, #name)) == NULL) return #name
	FIND(codec, avcodec_version);
	FIND(util, avutil_version);
	FIND(codec, avcodec_find_decoder_by_name);
	FIND(codec, avcodec_alloc_context3);
	FIND(codec, avcodec_free_context);
	FIND(codec, avcodec_open2);
	FIND(codec, avcodec_send_packet);
	FIND(codec, avcodec_receive_frame);
	FIND(codec, avcodec_flush_buffers);
	FIND(codec, av_packet_alloc);
	FIND(codec, av_packet_free);
	FIND(codec, av_packet_unref);
	FIND(codec, av_packet_from_data);
	FIND(util, av_frame_alloc);
	FIND(util, av_frame_free);
	FIND(util, av_frame_unref);
	FIND(util, av_malloc);
	FIND(util, av_free);
	FIND(util, av_opt_set);
	FIND(util, av_opt_set_int);
	FIND(util, av_log_set_level);
	FIND(util, av_get_pix_fmt_name);
#undef FIND
	return NULL;
}

int libav_open(char *why, size_t size) {
	for (size_t i = 0; i < sizeof releases / sizeof *releases; i++) {
		void *codec = dlopen(releases[i].codec, RTLD_NOW | RTLD_LOCAL);
		if (codec == NULL) {
			snprintf(why, size, "%s", dlerror());
			continue;
		}
		void *util = dlopen(releases[i].util, RTLD_NOW | RTLD_LOCAL);
		const char *missing = util == NULL ? releases[i].util : find(codec, util);
		if (missing == NULL && (av.avcodec_version() >> 16 != releases[i].versions[0] || av.avutil_version() >> 16 != releases[i].versions[1]))
			missing = "its version";
		if (missing == NULL && av.avcodec_find_decoder_by_name("h264") == NULL)
			missing = "its decoder of H.264";
		if (missing == NULL) {
			av.av_log_set_level(QUIET);
			return 0;
		}
		snprintf(why, size, "%s lacks %s", releases[i].codec, missing);
		memset(&av, 0, sizeof av);
		if (util != NULL)
			dlclose(util);
		dlclose(codec);
	}
	return 1;
}

unsigned libav_version(void) { return av.avcodec_version == NULL ? 0 : av.avcodec_version(); }

struct libav *libav_new(int64_t pixels) {
	if (av.avcodec_version == NULL)
		return NULL;
	const void *codec = av.avcodec_find_decoder_by_name("h264");
	struct libav *d = calloc(1, sizeof *d);
	if (d == NULL)
		return NULL;
	d->context = av.avcodec_alloc_context3(codec);
	d->packet = av.av_packet_alloc();
	d->frame = av.av_frame_alloc();
	// One thread, because the server says how many decode at once. An access unit with a fault gives an error.
	if (d->context == NULL || d->packet == NULL || d->frame == NULL || av.av_opt_set_int(d->context, "threads", 1, 0) < 0 ||
	    av.av_opt_set(d->context, "err_detect", "explode", 0) < 0 || av.av_opt_set_int(d->context, "max_pixels", pixels, 0) < 0 ||
	    av.avcodec_open2(d->context, codec, NULL) < 0) {
		libav_free(d);
		return NULL;
	}
	return d;
}

// describe says how a picture lies in memory, and returns 0 for one that is of another kind.
static int describe(const struct frame *f, struct libav_picture *p) {
	static const struct { const char *name; int colours, across, down; } kinds[] = {
		{"yuv420p", 1, 1, 1}, {"yuvj420p", 1, 1, 1}, {"yuv422p", 1, 1, 0}, {"yuvj422p", 1, 1, 0},
		{"yuv444p", 1, 0, 0}, {"yuvj444p", 1, 0, 0}, {"gray", 0, 0, 0},
	};
	const char *name = av.av_get_pix_fmt_name(f->format);
	if (name == NULL)
		return 0;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		size_t n = strlen(kinds[i].name);
		if (strncmp(name, kinds[i].name, n) != 0)
			continue;
		int bits = 8, end = 0;
		if (name[n] != 0 && (sscanf(name + n, "%2dle%n", &bits, &end) != 1 || end == 0 || name[n + end] != 0 || bits < 9 || bits > 16))
			continue;
		*p = (struct libav_picture){
			.plane = {f->data[0], f->data[1], f->data[2]}, .stride = {f->linesize[0], f->linesize[1], f->linesize[2]},
			.width = f->width, .height = f->height,
			.colours = kinds[i].colours, .across = kinds[i].across, .down = kinds[i].down, .bits = bits,
		};
		return f->width > 0 && f->height > 0 && f->linesize[0] > 0 && f->data[0] != NULL && (!p->colours || (f->linesize[1] > 0 && f->data[1] != NULL && f->data[2] != NULL));
	}
	return 0;
}

int libav_decode(struct libav *d, const uint8_t *unit, int size, struct libav_picture *p) {
	uint8_t *data = av.av_malloc((size_t)size + PADDING);
	if (data == NULL)
		return -1;
	memcpy(data, unit, size);
	memset(data + size, 0, PADDING);
	if (av.av_packet_from_data(d->packet, data, size) < 0) {
		av.av_free(data);
		return -1;
	}
	int sent = av.avcodec_send_packet(d->context, d->packet);
	av.av_packet_unref(d->packet);
	int got = av.avcodec_receive_frame(d->context, d->frame); // which forgets the last picture
	if (sent < 0)
		return -1;
	if (got < 0)
		return LIBAV_NONE;
	if (d->frame->decode_error_flags != 0 || !describe(d->frame, p))
		return -1;
	return LIBAV_PICTURE;
}

void libav_flush(struct libav *d) { av.avcodec_flush_buffers(d->context); }

void libav_free(struct libav *d) {
	av.av_frame_free((void **)&d->frame);
	av.av_packet_free(&d->packet);
	av.avcodec_free_context(&d->context);
	free(d);
}
