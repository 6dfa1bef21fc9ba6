#include "encoder.h"

enum {
	// Of sixteen speeds; 6 takes as long, 10 loses 0.3 dB and gains a tenth.
	speed = 8,
	// Blocks that changed by less are skipped: 10 % less time for 0.03 dB.
	still = 200,
	// Of the average frame's bits, in per cent, that a key frame may take.
	key_frame_limit = 400,
};

// configure sets what differs from libvpx's defaults, which are for files.
static void configure(vpx_codec_enc_cfg_t *cfg, int width, int height, int kbps) {
	cfg->g_w = width;
	cfg->g_h = height;
	cfg->g_timebase = (vpx_rational_t){1, 90000};
	cfg->g_threads = 1; // a server has more pictures to encode than cores
	cfg->g_pass = VPX_RC_ONE_PASS;
	cfg->g_lag_in_frames = 0;
	// Probabilities that hold for one frame alone: whoever lost one and was sent
	// it late, or began by a replay, reads the next ones right.
	cfg->g_error_resilient = VPX_ERROR_RESILIENT_DEFAULT;
	cfg->kf_mode = VPX_KF_DISABLED; // but for the first and the forced ones
	cfg->rc_end_usage = VPX_CBR;
	cfg->rc_target_bitrate = kbps;
	cfg->rc_min_quantizer = 2;
	cfg->rc_max_quantizer = 58;
	cfg->rc_undershoot_pct = 100;
	cfg->rc_overshoot_pct = 15;
	cfg->rc_buf_initial_sz = 500; // ms
	cfg->rc_buf_optimal_sz = 600;
	cfg->rc_buf_sz = 1000;
	cfg->rc_dropframe_thresh = 25; // per cent of the buffer's fill
	cfg->rc_resize_allowed = 0;
}

// tune sets what is no part of the configuration.
static int tune(vpx_codec_ctx_t *ctx) {
	// A negative speed is fixed; a positive one follows the time that encoding
	// takes, so that a busy machine would change the picture.
	return vpx_codec_control(ctx, VP8E_SET_CPUUSED, -speed) ||
	       vpx_codec_control(ctx, VP8E_SET_STATIC_THRESHOLD, still) ||
	       vpx_codec_control(ctx, VP8E_SET_NOISE_SENSITIVITY, 0) ||
	       vpx_codec_control(ctx, VP8E_SET_TOKEN_PARTITIONS, VP8_ONE_TOKENPARTITION) ||
	       vpx_codec_control(ctx, VP8E_SET_SCREEN_CONTENT_MODE, 0) ||
	       vpx_codec_control(ctx, VP8E_SET_MAX_INTRA_BITRATE_PCT, key_frame_limit);
}

vp8_encoder *vp8_encoder_new(int width, int height, int kbps) {
	vp8_encoder *e = calloc(1, sizeof *e);
	if (!e)
		return NULL;
	if (vpx_codec_enc_config_default(vpx_codec_vp8_cx(), &e->cfg, 0) != VPX_CODEC_OK) {
		free(e);
		return NULL;
	}
	configure(&e->cfg, width, height, kbps);
	if (vpx_codec_enc_init(&e->ctx, vpx_codec_vp8_cx(), &e->cfg, 0) != VPX_CODEC_OK) {
		free(e);
		return NULL;
	}
	// The planes are put in for each call; the wrapped pointer is never read.
	if (tune(&e->ctx) || !vpx_img_wrap(&e->image, VPX_IMG_FMT_I420, width, height, 1, (uint8_t *)e)) {
		vp8_encoder_free(e);
		return NULL;
	}
	return e;
}

int vp8_encoder_set_bitrate(vp8_encoder *e, int kbps) {
	e->cfg.rc_target_bitrate = kbps;
	return vpx_codec_enc_config_set(&e->ctx, &e->cfg);
}

int vp8_encoder_encode(vp8_encoder *e, const uint8_t *y, const uint8_t *u, const uint8_t *v,
                       int stride, int chroma_stride, int64_t pts, unsigned long duration, int key) {
	const uint8_t *planes[4] = {y, u, v, NULL};
	for (int i = 0; i < 4; i++) {
		e->image.planes[i] = (uint8_t *)planes[i];
		e->image.stride[i] = i == 0 ? stride : chroma_stride;
	}
	int code = vpx_codec_encode(&e->ctx, &e->image, pts, duration, key ? VPX_EFLAG_FORCE_KF : 0, VPX_DL_REALTIME);
	for (int i = 0; i < 4; i++)
		e->image.planes[i] = NULL;
	e->data = NULL;
	e->size = 0;
	e->key = 0;
	if (code != VPX_CODEC_OK)
		return code;
	const vpx_codec_cx_pkt_t *p;
	vpx_codec_iter_t iter = NULL;
	while ((p = vpx_codec_get_cx_data(&e->ctx, &iter))) {
		if (p->kind != VPX_CODEC_CX_FRAME_PKT)
			continue;
		e->data = p->data.frame.buf;
		e->size = p->data.frame.sz;
		e->key = (p->data.frame.flags & VPX_FRAME_IS_KEY) != 0;
	}
	return VPX_CODEC_OK;
}

void vp8_encoder_free(vp8_encoder *e) {
	vpx_codec_destroy(&e->ctx);
	free(e);
}
