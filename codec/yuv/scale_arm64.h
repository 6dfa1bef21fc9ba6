#include <arm_neon.h>

// filter_row gathers its samples by a table, which no compiler finds. The other steps are
// vector code as they stand in scale.c.
static void filter_row_neon(uint8_t *out, const uint8_t *line, const int32_t *base, const uint8_t *mask,
                            const int8_t *lanes, int fours, int n) {
	for (int i = 0; i < n; i += 4, base++, mask += 16) {
		const uint8x16_t m = vld1q_u8(mask);
		const int8_t *k = lanes + i / 16 * fours * 64 + i % 16 * 4;
		int16x8_t lo = vdupq_n_s16(0), hi = lo;
		for (int f = 0; f < fours; f++, k += 64) {
			uint8x16_t s = vqtbl1q_u8(vld1q_u8(line + *base + 4 * f), m);
			int8x16_t w = vld1q_s8(k);
			lo = vmlaq_s16(lo, vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(s))), vmovl_s8(vget_low_s8(w)));
			hi = vmlaq_s16(hi, vreinterpretq_s16_u16(vmovl_u8(vget_high_u8(s))), vmovl_s8(vget_high_s8(w)));
		}
		int32x4_t sum = vpaddq_s32(vpaddlq_s16(lo), vpaddlq_s16(hi));
		uint16x4_t v = vqrshrun_n_s32(sum, 6);
		uint8_t four[8];
		vst1_u8(four, vqmovn_u16(vcombine_u16(v, v)));
		memcpy(out + i, four, n - i < 4 ? n - i : 4);
	}
}

static const steps neon_steps = {halve_rows, halve_row, filter_rows, filter_row_neon};
