/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Offline training of the cells that sessions run: examples in, a model file out.
 *
 * dataset (examples, buckets, augmentation) -> trainer (minibatch split into shards over a thread pool, forward, loss,
 * backward, sum of the shards' gradients in a fixed order) -> clip -> optimizer (+ schedule) -> checkpoint.
 * The number of shards is an option, not the number of threads: the same seed gives the same weights on any machine
 * with the same kernel row, with any n_threads. */
#pragma once
#include "../model/model.h"
#include "../ctc/ctc.h"

RNN_API_BEGIN

/* ---- dataset.c: examples in memory ---- */
typedef struct _RnnDataset RnnDataset;

RnnDataset *rnn_dataset_new (gint n_feature);                  /* floats per (unstacked) frame */
void   rnn_dataset_free (RnnDataset *dataset);
/* One example; arrays are copied.  Values: targets[n_frames][n_target], as the model's output wants them.  Classes: one
 * target per frame, the number of the class.  A target that is NAN does not count. */
void   rnn_dataset_add_ctc (RnnDataset *dataset, const gfloat *frames, guint n_frames, const gint *labels,
    guint n_labels);
void   rnn_dataset_add_series (RnnDataset *dataset, const gfloat *frames, guint n_frames, const gfloat *targets,
    gint n_target);
/* Another text of the example that was added last, for the next head that learns from text; NULL: it has none. */
void   rnn_dataset_add_text (RnnDataset *dataset, const gint *labels, guint n_labels);
/* Instead of memory, frames of a data set that is still empty go to a file beside @path: as half floats (beyond +-65504 these)
 * or as they are.  Once it has no room the rest goes to memory. */
gboolean rnn_dataset_store (RnnDataset *dataset, const gchar *path, gboolean half, GError **error);
/* All examples have come: the file is mapped, and gets the name @path.  FALSE: only the former.  @digest (64 characters at
 * most) says what the examples were made of (NULL: nobody knows; the file stays without a name), @notes is any text. */
gboolean rnn_dataset_seal (RnnDataset *dataset, const gchar *digest, const gchar *notes, GError **error);
/* What was sealed there, if @n_feature and @digest (NULL: any) are the same; @notes (transfer full). */
RnnDataset *rnn_dataset_load (const gchar *path, gint n_feature, const gchar *digest, gchar **notes, GError **error);
/* Examples added from now on belong to this group, a corpus for instance, as from the start to the first one. */
void   rnn_dataset_begin_group (RnnDataset *dataset, const gchar *name);
const gchar *rnn_dataset_get_group (RnnDataset *dataset, guint i);     /* in the order of their beginnings; NULL: not so many */
/* How often an epoch takes an example of the i-th group, on average (1: every epoch once), from now on. */
void   rnn_dataset_weigh_group (RnnDataset *dataset, guint i, gfloat weight);
guint  rnn_dataset_get_n (RnnDataset *dataset);
guint64 rnn_dataset_get_frames (RnnDataset *dataset);          /* of all examples */
/* Values of frames that were no finite numbers: the last one of their kind stands for each, and no target beside them counts. */
guint64 rnn_dataset_get_missing (RnnDataset *dataset);
void   rnn_dataset_get_stats (RnnDataset *dataset, gfloat *mean, gfloat *std);   /* [n_feature], over all frames */

/* ---- trainer.c ---- */
typedef enum { RNN_OPTIMIZER_SGD, RNN_OPTIMIZER_ADAM, RNN_OPTIMIZER_ADAMW, RNN_OPTIMIZER_RMSPROP,
  RNN_OPTIMIZER_ADAGRAD } RnnOptimizerType;
typedef enum { RNN_SCHEDULE_CONSTANT, RNN_SCHEDULE_COSINE, RNN_SCHEDULE_LINEAR,
  RNN_SCHEDULE_EXPONENTIAL } RnnScheduleType;
/* OUTPUT: that of the model's output.  The others are for models whose output is raw. */
typedef enum { RNN_LOSS_OUTPUT, RNN_LOSS_CTC, RNN_LOSS_MSE, RNN_LOSS_CROSS_ENTROPY,
  RNN_LOSS_BINARY_CROSS_ENTROPY } RnnLossType;

/* All fields are rows of rnn_train_options[]; a recipe's "train" object sets them. */
typedef struct {
  gint loss;                    /* RnnLossType */
  gint batch_size, epochs, shards, n_threads;
  gint seed;
  gint bptt;                    /* steps per truncated chunk with carried state; 0: whole sequences */
  gint precision;               /* 1: what products multiply is rounded to bf16 */
  gint optimizer, schedule;
  gfloat learning_rate, min_learning_rate;
  gint warmup;                  /* updates */
  gfloat momentum, beta1, beta2, epsilon, weight_decay;
  gboolean nesterov, amsgrad;
  gint accumulate;              /* minibatches per update */
  gfloat average;               /* 0..1: decay of the moving average of the weights, which is validated and saved; 0: off */
  gboolean per_label;           /* the loss is divided by the minibatch's labels, not its examples */
  gfloat clip_norm;             /* 0: off */
  gint short_first_epochs;      /* epochs that run through the buckets from short to long */
  gint patience;                /* epochs without a better dev loss before stopping; 0: off */
  /* augmentation of unstacked frames, from epoch augment_from on */
  gint augment_from;
  gfloat stretch, warp, gain, noise;    /* max relative time stretch, mel shift, log gain sd, additive noise sd */
  gfloat tilt;                  /* sd of a slope over the bands, at their ends */
  gfloat band_limit;            /* probability that the upper bands fall silent, as in telephone speech */
  gint join, pause;             /* frames: length of stretches of several examples (0: off), longest pause between two */
  gfloat level;                 /* dB: largest change of an example's or stretch's loudness */
  gfloat reverb;                /* probability of a room */
  gfloat noise_prob, snr_low, snr_high; /* probability of background noise, and its distance in dB */
  gfloat emphasis;              /* nepers: of the highest band over the lowest, that is no part of that distance */
  gfloat babble;                /* probability that the noise is another example */
  gint edge_pad;                /* most frames of the example's own quiet added before and after */
  gint time_masks, time_mask_width, freq_masks, freq_mask_width;
} RnnTrainConfig;

extern const RnnOption rnn_train_options[];

/* FALSE in a process that mpirun started, but for the first one: it computes its share of what that one trains, has the
 * same weights, and writes and says nothing. */
gboolean rnn_train_leads (void);

/* Can the model and the checkpoint be written there, better asked before a long training than after it?  Either may be
 * NULL.  Only a file of the same kind is overwritten: no recording, recipe or manifest, and neither by the other. */
gboolean rnn_train_check_places (const gchar *location, const gchar *checkpoint, GError **error);

typedef struct _RnnTrainer RnnTrainer;

typedef struct {
  guint64 update;               /* updates so far */
  guint epoch;                  /* running, from 0 */
  gdouble epoch_progress;       /* 0..1 */
  gfloat loss;                  /* of the last minibatch, mean of the examples that can be learnt; NAN: none */
  gfloat epoch_loss;            /* running mean of this epoch */
  gfloat dev_loss, dev_metric;  /* of the last validation (metric: of the output); NAN before it */
  gfloat best_metric;
  gfloat learning_rate, grad_norm;
  gdouble frames_per_second;    /* over this epoch */
  gboolean done;                /* all epochs ran, or early stop */
  guint64 infeasible;           /* this epoch's examples that nothing can be learnt from */
  guint64 invalid;              /* this epoch's examples to which the model answers what is no number */
} RnnTrainStats;

/* Takes the model (a private copy is made) and borrows the datasets until freed; @dev may be NULL. */
RnnTrainer *rnn_trainer_new (RnnModel *model, const RnnTrainConfig *config, RnnDataset *train, RnnDataset *dev,
    GError **error);
void  rnn_trainer_free (RnnTrainer *trainer);
/* Another dev set (borrowed), measured after every epoch as the one above is, but deciding nothing. */
gboolean rnn_trainer_add_dev (RnnTrainer *trainer, const gchar *name, RnnDataset *dataset, GError **error);
/* The name of the i-th of them, with mean loss and metric of the last epoch (NAN before); NULL: there are not so many. */
const gchar *rnn_trainer_get_dev (RnnTrainer *trainer, guint i, gdouble *loss, gdouble *metric);
/* One update from `accumulate` minibatches; at the end of an epoch (epoch_progress 1) also the validation.  The last step says done;
 * FALSE: it was over before this call, which did nothing but fill @stats. */
gboolean rnn_trainer_step (RnnTrainer *trainer, RnnTrainStats *stats);
/* FALSE: it can go no further, as @error says: the weights broke, nothing could be learnt, or the processes that train
 * together no longer agree. */
gboolean rnn_trainer_check (RnnTrainer *trainer, GError **error);
RnnModel *rnn_trainer_get_model (RnnTrainer *trainer);         /* the current weights (transfer none) */
RnnModel *rnn_trainer_get_best (RnnTrainer *trainer);          /* best dev metric, or the current (transfer none) */
/* All of it: weights, best weights, optimizer moments, position in the epoch, seeds.  Written aside and renamed. */
gboolean rnn_trainer_save_checkpoint (RnnTrainer *trainer, const gchar *path, GError **error);
gboolean rnn_trainer_load_checkpoint (RnnTrainer *trainer, const gchar *path, GError **error);

/* ---- learner.c: a gradient and an update on given examples, without epochs ---- */
typedef struct _RnnLearner RnnLearner;

/* Of a private copy of the model, on data sets of @n_feature floats per frame.  Of @config count: loss, optimizer and what
 * belongs to it, clip_norm, bptt, shards, n_threads, seed (of dropout), average; batch_size bounds what runs at once. */
RnnLearner *rnn_learner_new (RnnModel *model, const RnnTrainConfig *config, gint n_feature, GError **error);
void        rnn_learner_free (RnnLearner *learner);
/* One update by the mean of the losses of examples[n], which have to fit the model's output; returns that mean over those that
 * can be learnt, or NAN: there was none, and no update. */
gfloat      rnn_learner_learn (RnnLearner *learner, RnnDataset *dataset, const guint32 *examples, guint n, gfloat learning_rate);
RnnModel   *rnn_learner_get_model (RnnLearner *learner);       /* with the weights as they are now (transfer none) */

/* ---- keeper.c: what a training leaves on disk, and when ---- */
typedef struct _RnnKeeper RnnKeeper;

/* Where the best model and the checkpoint go, either may be NULL.  Both are locked until it is freed: another process that
 * writes one of them is named.  Of processes that train together the first one alone locks and writes. */
RnnKeeper *rnn_keeper_new (const gchar *location, const gchar *checkpoint, GError **error);
void       rnn_keeper_free (RnnKeeper *keeper);
/* Loads the checkpoint if it is there. */
gboolean   rnn_keeper_resume (RnnKeeper *keeper, RnnTrainer *trainer, gboolean *resumed, GError **error);
/* Writes the model if the trainer has a better one than the file: @said (transfer full) tells what was kept and why, or stays
 * as it is where there was nothing new.  FALSE: it cannot be written. */
gboolean   rnn_keeper_save_model (RnnKeeper *keeper, RnnTrainer *trainer, gchar **said, GError **error);
/* FALSE: it cannot be written; the one before is still there. */
gboolean   rnn_keeper_save_checkpoint (RnnKeeper *keeper, RnnTrainer *trainer, GError **error);

RNN_API_END
