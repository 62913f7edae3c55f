/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of training: one row per field of RnnTrainConfig.  Choices are listed in the order of their enums, which
 * is also the order of the tables in task.c, optimizer.c and schedule.c. */
#include "trainer.h"

static const gchar *const losses[] = { "output", "ctc", "mse", "cross-entropy", "binary-cross-entropy", NULL };
static const gchar *const precisions[] = { "f32", "bf16", NULL };
static const gchar *const optimizers[] = { "sgd", "adam", "adamw", "rmsprop", "adagrad", NULL };
static const gchar *const schedules[] = { "constant", "cosine", "linear", "exponential", NULL };

#define BELOW_1 0.999999        /* what decays by 1 never forgets, and its correction divides by 0 */

#define INT(f, lo, hi, def, blurb)   RNN_OPT_INT (RnnTrainConfig, f, lo, hi, def, blurb)
#define FLOAT(f, lo, hi, def, blurb) RNN_OPT_FLOAT (RnnTrainConfig, f, lo, hi, def, blurb)

const RnnOption rnn_train_options[] = {
  RNN_OPT_ENUM (RnnTrainConfig, loss, losses, RNN_LOSS_OUTPUT, "what a raw output is trained with; output: what its kind says"),
  INT (batch_size, 1, 65536, 16, "examples per update"),
  INT (epochs, 1, 1000000, 30, "passes over the examples"),
  INT (shards, 1, RNN_MAX_SHARDS, 2, "pieces of a minibatch, whatever the threads"),
  INT (n_threads, 1, 256, 1, "threads; changes no result"),
  INT (seed, 0, G_MAXINT, 1, "of shuffling, augmentation and dropout"),
  INT (bptt, 0, G_MAXINT, 0, "steps per truncated chunk, state carried; 0: whole sequences"),
  RNN_OPT_ENUM (RnnTrainConfig, precision, precisions, 0, "of what products multiply; bf16 is quicker on CPUs with AMX"),
  RNN_OPT_ENUM (RnnTrainConfig, optimizer, optimizers, RNN_OPTIMIZER_ADAM, "update rule"),
  RNN_OPT_ENUM (RnnTrainConfig, schedule, schedules, RNN_SCHEDULE_COSINE, "learning rate after the warm-up"),
  FLOAT (learning_rate, 0, 1000, 1e-3, "highest learning rate"),
  FLOAT (min_learning_rate, 0, 1000, 0, "learning rate at the end"),
  INT (warmup, 0, G_MAXINT, 0, "updates of linear rise to the learning rate"),
  FLOAT (momentum, 0, BELOW_1, 0, "sgd, rmsprop"),
  FLOAT (beta1, 0, BELOW_1, 0.9, "adam, adamw: decay of the mean gradient"),
  FLOAT (beta2, 0, BELOW_1, 0.999, "adam, adamw, rmsprop (alpha): decay of the mean squared gradient"),
  FLOAT (epsilon, 1e-30, 1, 1e-8, "added to the denominator"),
  FLOAT (weight_decay, 0, 1, 0, "L2 penalty; adamw: decoupled"),
  RNN_OPT_BOOL (RnnTrainConfig, nesterov, FALSE, "sgd: look ahead"),
  RNN_OPT_BOOL (RnnTrainConfig, amsgrad, FALSE, "adam, adamw: the largest mean square so far"),
  INT (accumulate, 1, 65536, 1, "minibatches per update"),
  FLOAT (average, 0, BELOW_1, 0, "decay per update of the moving average of the weights that is validated and saved; 0: off"),
  RNN_OPT_BOOL (RnnTrainConfig, per_label, FALSE, "divide the gradient by the minibatch's labels, not its examples"),
  FLOAT (clip_norm, 0, 1e9, 5, "largest norm of the gradient; 0: off"),
  INT (short_first_epochs, 0, G_MAXINT, 0, "first epochs that run from short to long"),
  INT (patience, 0, G_MAXINT, 0, "epochs without a better dev result before stopping; 0: off"),
  INT (augment_from, 0, G_MAXINT, 0, "first epoch with augmentation"),
  FLOAT (stretch, 0, 0.9, 0, "largest relative change of duration"),
  FLOAT (warp, 0, 0.9, 0, "largest relative shift along the mel axis"),
  FLOAT (gain, 0, 100, 0, "standard deviation of a shift of all log energies of an example"),
  FLOAT (noise, 0, 100, 0, "standard deviation of noise on normalised features"),
  FLOAT (tilt, 0, 100, 0, "standard deviation of a spectral slope, at the outer bands"),
  FLOAT (band_limit, 0, 1, 0, "probability that the upper bands fall silent, as in telephone speech"),
  INT (join, 0, 1000000, 0, "frames of a stretch that examples are joined to, from augment_from on; 0: each is one of its own"),
  INT (pause, 0, 100000, 100, "longest pause between the examples of a stretch, frames"),
  FLOAT (level, 0, 100, 0, "largest change of level of a stretch, dB"),
  FLOAT (reverb, 0, 1, 0, "probability that a stretch is heard in a room"),
  FLOAT (noise_prob, 0, 1, 0, "probability of noise in the background"),
  FLOAT (snr_low, -100, 100, 5, "loudest noise: dB below the mean energy of a stretch"),
  FLOAT (snr_high, -100, 100, 40, "faintest noise, dB"),
  FLOAT (emphasis, 0, 20, 0, "nepers by which the front end lifts the highest band over the lowest: SNRs are those without it"),
  FLOAT (babble, 0, 1, 0, "probability that the noise is another example"),
  INT (edge_pad, 0, 10000, 0, "most frames of the example's own quiet added before and after"),
  INT (time_masks, 0, 100, 0, "SpecAugment: masked spans of frames"),
  INT (time_mask_width, 0, 100000, 25, "largest span; never over a fifth of the example"),
  INT (freq_masks, 0, 100, 0, "SpecAugment: masked bands"),
  INT (freq_mask_width, 0, 100000, 8, "largest band"),
  { NULL }
};

/* What JSON and properties set is in range already; fields set by a program may not be. */
gboolean
rnn_train_config_check (const RnnTrainConfig *config, GError **error)
{
  for (const RnnOption *o = rnn_train_options; o->name; o++) {
    gdouble max = o->choices ? g_strv_length ((gchar **) o->choices) - 1. : o->max;
    gdouble value = o->type == RNN_OPTION_FLOAT ? G_STRUCT_MEMBER (gfloat, config, o->offset)
        : G_STRUCT_MEMBER (gint, config, o->offset);

    if (!(value >= (gfloat) o->min && value <= (gfloat) max)) {
      g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "training: option \"%s\" is %g, must be from %g to %g", o->name, value,
          o->min, max);
      return FALSE;
    }
  }
  return TRUE;
}
