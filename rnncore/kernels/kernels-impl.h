/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every kernel, once, over vectors of LANES floats.  A row of the table, kernels-{c,avx2,...}.c, defines
 *   ROW, ROW_NAME, LANES (4, 8 or 16) and supported ();
 *   V_FMA, V_MIN, V_MAX: what GCC's vector syntax lacks; if the CPU can, V_LOAD (p, k), V_STORE (p, k, v): the first k < LANES
 *     lanes, none when k <= 0; V_ALL (mask): are all lanes set;
 *   Quad, V_QUAD (bytes), V_QUADS (acc, w, quad): to each 32-bit lane of acc adds the products of its four 8-bit weights with
 *     four inputs, bytes from QUAD_FIRST (0, or -128 where they are signed) to QUAD_FIRST + QUAD_STEPS: 255 steps, or
 *     127 where sums of two products would saturate;
 *   TILES, TILES_INT8: rows x blocks of the register tiles, most rows first; K_BLOCK (even) inputs of a part: floats that
 *     stay in the first caches while tiles walk down the rows;
 *   ROW_PANELS_4: panels of four blocks at once for one row, as many as hide the latency of a multiply-add;
 *   FLOATS_OF, if another row has the same vectors: only products of bytes, and of bf16 where these are rows of their own,
 *     are made anew;
 * then includes this file.  Where CPUs with these instructions may also multiply bf16, the same kernels serve other rows:
 *   PAIRS_ROW, PAIRS_ROW_NAME, supports_pairs (), pairs_pay (); V_PAIRS (acc, w, pair): two weights with two inputs in a Quad;
 *   AMX_ROW, AMX_ROW_NAME, supports_amx (). */

#include "kernels-steps.h"

#ifdef FLOATS_OF
#define FLOAT_KERNEL(kernel) NULL
#define FLOATS .floats = &FLOATS_OF
#else
#include "kernels-ctc.h"
#include "kernels-elementwise.h"
#include "kernels-features.h"
#include "kernels-floats.h"
#include "kernels-memory.h"
#include "kernels-series.h"
#include "kernels-spread.h"
#include "kernels-wkv.h"
#define FLOAT_KERNEL(kernel) kernel
#define FLOATS \
  .sigmoid = k_sigmoid, .tanh = k_tanh, .exp = k_exp, .log = k_log, .softplus = k_softplus, \
  .add = k_add, .axpy = k_axpy, .scale = k_scale, .mul = k_mul, .fma = k_fma, \
  .dot = k_dot, .sum = k_sum, .max = k_max, \
  .lstm_point = k_lstm_point, .lstm_point_grad = k_lstm_point_grad, \
  .gru_point = k_gru_point, .gru_point_grad = k_gru_point_grad, \
  .memory_step = k_memory_step, .scan_step = k_scan_step, \
  .wkv6_step = k_wkv6_step, .wkv7_step = k_wkv7_step, \
  CTC_ROW, FEATURES_ROW, SERIES_ROW, SPREAD_ROW
#endif

#define PRODUCTS(bf16_linear, bf16_lstm, bf16_gru, int8_linear) \
  .int8_steps = QUAD_STEPS, \
  .linear = { FLOAT_KERNEL (k_linear_f32), bf16_linear, int8_linear }, \
  .lstm_step = { FLOAT_KERNEL (k_lstm_step_f32), bf16_lstm, k_lstm_step_int8 }, \
  .gru_step = { FLOAT_KERNEL (k_gru_step_f32), bf16_gru, k_gru_step_int8 }

const RnnKernels ROW = { .name = ROW_NAME, .supported = supported,
  PRODUCTS (FLOAT_KERNEL (k_linear_bf16), FLOAT_KERNEL (k_lstm_step_bf16), FLOAT_KERNEL (k_gru_step_bf16), k_linear_int8),
  FLOATS };
#ifdef PAIRS_ROW
const RnnKernels PAIRS_ROW = { .name = PAIRS_ROW_NAME, .supported = supports_pairs, .pays = pairs_pay, .rounds_bf16 = TRUE,
  PRODUCTS (k_linear_pairs, k_lstm_step_pairs, k_gru_step_pairs, k_linear_int8), FLOATS };
#endif
#ifdef AMX_ROW
const RnnKernels AMX_ROW = { .name = AMX_ROW_NAME, .supported = supports_amx, .rounds_bf16 = TRUE,
  PRODUCTS (k_linear_amx_bf16, k_lstm_step_amx, k_gru_step_amx, k_linear_amx_int8), FLOATS };
#endif
