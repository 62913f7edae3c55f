/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs one piece of a minibatch through the model and back.
 *
 * Truncated back-propagation (bptt > 0) runs the same steps as whole sequences do, in chunks: the state goes on from
 * chunk to chunk, the gradient does not.  The loss sees all steps at once, so it may be CTC.  A whole sequence is one
 * chunk. */
#include "shard.h"
#include <math.h>
#include <string.h>

#define EVALUATION_CHUNK 512    /* steps: bounds the scratch of a forward pass without tape */

gboolean
rnn_shard_init (RnnShard *shard, const RnnTask *task, GError **error)
{
  memset (shard, 0, sizeof (RnnShard));
  shard->task = task;
  return rnn_measure_init (&shard->measure, task->output, error);
}

void
rnn_shard_clear (RnnShard *shard)
{
  RnnBuffer *buffers[] = { &shard->y, &shard->dy, &shard->entry, &shard->dstate, &shard->tape, &shard->scratch,
    &shard->loss_scratch };

  for (guint i = 0; i < G_N_ELEMENTS (buffers); i++)
    rnn_buffer_clear (buffers[i]);
  rnn_batch_clear (&shard->batch);
  g_clear_pointer (&shard->lengths, g_free);
  g_clear_pointer (&shard->grad, g_free);
  rnn_measure_clear (&shard->measure);
}

static const RnnCell *
get_root (const RnnShard *shard)
{
  return rnn_model_get_root (shard->task->model);
}

static gint
n_chunks (const RnnShard *shard)
{
  return (shard->batch.T + shard->chunk - 1) / shard->chunk;
}

/* The state before chunk c: [B][n_state] */
static gfloat *
entry_state (const RnnShard *shard, gint c)
{
  return shard->entry.data + (gsize) c * shard->batch.B * get_root (shard)->n_state;
}

/* Makes room for the batch that was built, in chunks of @chunk steps. */
static void
prepare (RnnShard *shard, gint chunk, gboolean training)
{
  const RnnCell *root = get_root (shard);
  gsize B = shard->batch.B, rows = shard->batch.T * B;

  shard->chunk = CLAMP (chunk, 1, shard->batch.T);
  shard->lengths = g_renew (gint, shard->lengths, B);
  rnn_buffer_need (&shard->y, rows * root->n_out);
  rnn_buffer_need (&shard->scratch, rnn_cell_scratch_size (root, shard->chunk, shard->batch.B));
  rnn_buffer_need (&shard->entry, (n_chunks (shard) + 1) * B * root->n_state);
  for (gsize b = 0; b < B; b++)
    rnn_cell_reset_state (root, entry_state (shard, 0) + b * root->n_state);
  if (training) {
    rnn_buffer_need (&shard->dy, rows * root->n_out);
    rnn_buffer_need (&shard->tape, rows * root->n_tape);
    rnn_buffer_need (&shard->dstate, B * root->n_state);
  }
}

/* The call of the model for chunk c. */
static RnnRun
chunk_run (RnnShard *shard, gint c, gboolean training, guint64 noise_seed)
{
  const RnnCell *root = get_root (shard);
  gint first = c * shard->chunk, B = shard->batch.B;
  gsize rows = (gsize) first * B;
  RnnRun run = {
    .T = MIN (shard->chunk, shard->batch.T - first), .B = B,
    .x = shard->batch.x + rows * root->n_in, .y = shard->y.data + rows * root->n_out,
    .state = entry_state (shard, c), .state_stride = root->n_state,
    .tape = training ? shard->tape.data + rows * root->n_tape : NULL, .scratch = shard->scratch.data,
    .lengths = shard->lengths, .seed = noise_seed ? rnn_mix_seed (noise_seed, c, 0) : 0,
  };

  for (gint b = 0; b < B; b++)
    shard->lengths[b] = shard->batch.steps[b] - first;
  return run;
}

static void
forward (RnnShard *shard, gboolean training, guint64 noise_seed)
{
  const RnnCell *root = get_root (shard);

  for (gint c = 0; c < n_chunks (shard); c++) {
    RnnRun run = chunk_run (shard, c, training, noise_seed);

    run.state = memcpy (entry_state (shard, c + 1), run.state, run.B * root->n_state * sizeof (gfloat));
    rnn_cell_forward (root, &run);
  }
}

static void
backward (RnnShard *shard, guint64 noise_seed)
{
  const RnnCell *root = get_root (shard);

  for (gint c = n_chunks (shard) - 1; c >= 0; c--) {
    RnnRun run = chunk_run (shard, c, TRUE, noise_seed);
    RnnGrad grad = {
      .dy = shard->dy.data + (gsize) c * shard->chunk * run.B * root->n_out,
      .dstate = shard->dstate.data, .dparam = shard->grad,
    };

    memset (grad.dstate, 0, run.B * root->n_state * sizeof (gfloat));
    rnn_cell_backward (root, &run, &grad);
  }
}

/* The answers to example b; the first `latency` steps of y answer nothing. */
static RnnAnswer
get_answer (RnnShard *shard, RnnDataset *dataset, const guint32 *examples, gint b)
{
  const RnnTask *task = shard->task;
  const RnnInput *input = rnn_model_get_input (task->model);
  gint n_out = get_root (shard)->n_out;
  RnnAnswer answer = {
    .labels = rnn_task_get_labels (task, RNN_EXAMPLE (dataset, examples[b])), .steps = shard->batch.steps[b],
    .ld = (gsize) shard->batch.B * n_out, .hop = input->hop, .rate = input->rate,
  };

  answer.y = shard->y.data + task->framing.latency * answer.ld + (gsize) b * n_out;
  if (task->denominators)
    answer.denominators = (const RnnCtcDenominator *const *) task->denominators->pdata;
  answer.scratch = rnn_buffer_need (&shard->loss_scratch,
      rnn_output_scratch (task->output, &answer.labels, answer.steps));
  return answer;
}

gfloat *
rnn_shard_need_grad (RnnShard *shard)
{
  if (!shard->grad)
    shard->grad = g_new (gfloat, rnn_model_get_n_params (shard->task->model));
  return shard->grad;
}

void
rnn_shard_train (RnnShard *shard, RnnDataset *dataset, const guint32 *examples, gint n, gfloat scale,
    const RnnTrainConfig *augment, guint64 augment_seed, guint64 noise_seed, gfloat *losses)
{
  const RnnTask *task = shard->task;
  gsize n_params = rnn_model_get_n_params (task->model);

  if (!shard->adds)
    memset (rnn_shard_need_grad (shard), 0, n_params * sizeof (gfloat));
  rnn_batch_build (&shard->batch, &task->framing, dataset, examples, n, augment, augment_seed);
  for (gint b = 0; b < n; b++)
    losses[b] = INFINITY;
  if (shard->batch.T == 0)
    return;

  prepare (shard, task->config->bptt ? task->config->bptt : shard->batch.T, TRUE);
  forward (shard, TRUE, noise_seed);
  memset (shard->dy.data, 0, (gsize) shard->batch.T * n * get_root (shard)->n_out * sizeof (gfloat));
  for (gint b = 0; b < n; b++) {
    RnnAnswer answer = get_answer (shard, dataset, examples, b);

    answer.scale = scale;
    answer.dy = shard->dy.data + (answer.y - shard->y.data);
    if (answer.steps > 0)
      losses[b] = rnn_output_loss (task->output, &answer);
  }
  backward (shard, noise_seed);
}

void
rnn_shard_evaluate (RnnShard *shard, RnnDataset *dataset, const guint32 *examples, gint n, gfloat *losses)
{
  const RnnTask *task = shard->task;

  rnn_batch_build (&shard->batch, &task->framing, dataset, examples, n, NULL, 0);
  for (gint b = 0; b < n; b++)
    losses[b] = INFINITY;
  if (shard->batch.T == 0)
    return;

  prepare (shard, get_root (shard)->offline ? shard->batch.T : EVALUATION_CHUNK, FALSE);
  forward (shard, FALSE, 0);
  for (gint b = 0; b < n; b++) {
    RnnAnswer answer = get_answer (shard, dataset, examples, b);

    if (answer.steps > 0)
      losses[b] = rnn_output_loss (task->output, &answer);
    rnn_measure_add (&shard->measure, &answer);
  }
}
