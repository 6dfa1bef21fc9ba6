// A VP8 encoder in C's memory, so that no Go pointer stays in it.

#include <stdlib.h>
#include <vpx/vp8cx.h>
#include <vpx/vpx_encoder.h>

typedef struct {
	vpx_codec_ctx_t ctx;
	vpx_codec_enc_cfg_t cfg;
	vpx_image_t image;
	// What the last call put out; data is NULL when the picture was left out.
	const uint8_t *data;
	size_t size;
	int key;
} vp8_encoder;

// vp8_encoder_new returns NULL where libvpx refuses, or has no memory.
vp8_encoder *vp8_encoder_new(int width, int height, int kbps);

// vp8_encoder_set_bitrate returns libvpx's code.
int vp8_encoder_set_bitrate(vp8_encoder *e, int kbps);

// vp8_encoder_encode encodes a picture, at 90 kHz, and returns libvpx's code. The
// planes are not kept.
int vp8_encoder_encode(vp8_encoder *e, const uint8_t *y, const uint8_t *u, const uint8_t *v,
                       int stride, int chroma_stride, int64_t pts, unsigned long duration, int key);

void vp8_encoder_free(vp8_encoder *e);
