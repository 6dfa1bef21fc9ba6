#include "decoder.h"

vp8_decoder *vp8_decoder_new(void) {
	vp8_decoder *d = calloc(1, sizeof *d);
	if (!d)
		return NULL;
	// One thread: a server has more cameras than cores.
	vpx_codec_dec_cfg_t cfg = {.threads = 1};
	if (vpx_codec_dec_init(&d->ctx, vpx_codec_vp8_dx(), &cfg, 0) != VPX_CODEC_OK) {
		free(d);
		return NULL;
	}
	return d;
}

int vp8_decoder_decode(vp8_decoder *d, const uint8_t *data, unsigned size) {
	d->image = NULL;
	int code = vpx_codec_decode(&d->ctx, data, size, NULL, 0);
	if (code != VPX_CODEC_OK)
		return code;
	// A frame that ends early is no error to libvpx, nor what refers to it.
	int corrupt = 0;
	code = vpx_codec_control(&d->ctx, VP8D_GET_FRAME_CORRUPTED, &corrupt);
	if (code != VPX_CODEC_OK)
		return code;
	if (corrupt)
		return VPX_CODEC_CORRUPT_FRAME;
	vpx_codec_iter_t iter = NULL;
	d->image = vpx_codec_get_frame(&d->ctx, &iter);
	return VPX_CODEC_OK;
}

void vp8_decoder_free(vp8_decoder *d) {
	vpx_codec_destroy(&d->ctx);
	free(d);
}
