/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Steps that wait until it is known whether somebody spoke in them: which leave, when, and as what. */
#include "count-alloc.h"
#include "speech/waiting.h"

#define N 2                     /* floats of a step */

static RnnWaiting waiting;

static void
begin_test (void)
{
  rnn_waiting_init (&waiting, N);
}

static void
end_test (void)
{
  rnn_waiting_clear (&waiting);
}

/* Steps of 10, from @from until before @to */
static void
push (guint64 from, guint64 to)
{
  for (guint64 t = from; t < to; t += 10) {
    gfloat scores[N] = { (gfloat) t, -1 };

    rnn_waiting_push (&waiting, RNN_WAITING_STEP, scores, t, t + 10);
  }
}

/* What leaves: start of each step, in parentheses if nobody spoke; SKIP and FINISH as words */
static void
expect (const gchar *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);
  const RnnWaitingStep *step;

  while ((step = rnn_waiting_next (&waiting))) {
    if (step->kind != RNN_WAITING_STEP) {
      g_string_append (text, step->kind == RNN_WAITING_SKIP ? "skip " : "finish ");
      continue;
    }
    g_string_append_printf (text, step->scores ? "%d " : "(%d) ", (gint) step->start);
    if (step->scores)
      g_assert_cmpfloat (step->scores[0], ==, (gfloat) step->start);
  }
  g_assert_cmpstr (text->str, ==, expected);
}

static void
test_order (void)
{
  begin_test ();
  g_assert_false (rnn_waiting_is_used (&waiting));
  rnn_waiting_begin (&waiting, 0);
  g_assert_true (rnn_waiting_is_used (&waiting));
  push (0, 50);
  expect ("");
  rnn_waiting_tell (&waiting, 19, FALSE);
  expect ("(0) ");              /* of the next one a rest is not known */
  rnn_waiting_tell (&waiting, 20, TRUE);
  expect ("10 ");               /* who speaks in a part of it speaks */
  rnn_waiting_tell (&waiting, 31, TRUE);
  expect ("20 30 ");            /* before all of it is known */
  rnn_waiting_tell (&waiting, 100, FALSE);
  expect ("(40) ");
  push (50, 70);                /* known before they come */
  expect ("(50) (60) ");
  end_test ();
}

static void
test_other_kinds (void)
{
  begin_test ();
  rnn_waiting_begin (&waiting, 0);
  rnn_waiting_tell (&waiting, 10, TRUE);
  push (0, 30);
  rnn_waiting_push (&waiting, RNN_WAITING_FINISH, NULL, 0, 0);
  push (30, 40);
  rnn_waiting_push (&waiting, RNN_WAITING_SKIP, NULL, 40, 90);
  push (90, 110);
  expect ("0 10 20 finish 30 skip ");   /* what is unknown there is as what was before */
  rnn_waiting_tell (&waiting, 110, FALSE);
  expect ("(90) (100) ");
  end_test ();
}

/* Steps of the stretch before come late, as those of a model that looks ahead do, and reach beyond what was told of it. */
static void
test_stretches (gconstpointer data)
{
  guint64 next = GPOINTER_TO_SIZE (data);
  g_autofree gchar *expected = g_strdup_printf ("%d (%d) ", (gint) next, (gint) next + 10);

  begin_test ();
  rnn_waiting_begin (&waiting, 500);
  rnn_waiting_tell (&waiting, 525, FALSE);
  rnn_waiting_tell (&waiting, 545, TRUE);
  rnn_waiting_begin (&waiting, next);
  push (500, 550);
  expect ("(500) (510) 520 530 540 ");
  push (next, next + 20);
  expect ("");
  rnn_waiting_tell (&waiting, next + 5, TRUE);
  rnn_waiting_tell (&waiting, next + 20, FALSE);
  expect (expected);
  end_test ();
}

/* Who forgets the stream where it jumps may have been told of what comes after. */
static void
test_jump (void)
{
  begin_test ();
  rnn_waiting_begin (&waiting, 0);
  rnn_waiting_tell (&waiting, 20, TRUE);
  rnn_waiting_begin (&waiting, 10);
  rnn_waiting_tell (&waiting, 20, FALSE);
  push (0, 20);
  rnn_waiting_jump (&waiting);
  push (10, 20);
  expect ("(10) ");
  rnn_waiting_jump (&waiting);  /* and is told of it later */
  rnn_waiting_begin (&waiting, 0);
  push (0, 20);
  expect ("");
  rnn_waiting_tell (&waiting, 20, TRUE);
  expect ("0 10 ");
  end_test ();
}

/* Nothing grows while a stream runs, and after its beginning nothing is allocated. */
static void
test_flat (void)
{
  gint before = 0;

  begin_test ();
  rnn_waiting_begin (&waiting, 0);
  for (guint64 t = 0; t < 100000; t += 10) {
    if (t == 1000)
      before = g_atomic_int_get (&n_allocations);
    push (t, t + 10);
    rnn_waiting_tell (&waiting, t < 50 ? 0 : t - 50, t / 300 % 2);
    while (rnn_waiting_next (&waiting));
    g_assert_cmpuint (rnn_waiting_get_n (&waiting), <=, 6);
    g_assert_cmpuint (waiting.spans->len, <=, 3);
    g_assert_cmpuint (waiting.steps->len, <=, 8);
  }
  g_assert_cmpint (g_atomic_int_get (&n_allocations), ==, before);
  end_test ();
}

static void
test_keep (void)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  RnnKeep out = { .to = bytes }, in, spoiled;

  begin_test ();
  rnn_waiting_begin (&waiting, 0);
  rnn_waiting_tell (&waiting, 20, TRUE);
  push (0, 40);
  expect ("0 10 ");
  rnn_waiting_keep (&waiting, &out);
  g_assert_false (out.failed);
  end_test ();
  begin_test ();
  in = (RnnKeep) {.from = bytes->data,.left = bytes->len };
  rnn_waiting_keep (&waiting, &in);
  g_assert_false (in.failed);
  g_assert_cmpuint (in.left, ==, 0);
  rnn_waiting_tell (&waiting, 35, TRUE);
  expect ("20 30 ");
  end_test ();
  rnn_waiting_init (&waiting, N + 1);   /* of other steps */
  spoiled = (RnnKeep) {.from = bytes->data,.left = bytes->len };
  rnn_waiting_keep (&waiting, &spoiled);
  g_assert_true (spoiled.failed);
  end_test ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/waiting/order", test_order);
  g_test_add_func ("/waiting/other-kinds", test_other_kinds);
  g_test_add_data_func ("/waiting/stretch/later", GSIZE_TO_POINTER (900), test_stretches);
  g_test_add_data_func ("/waiting/stretch/earlier", GSIZE_TO_POINTER (100), test_stretches);
  g_test_add_data_func ("/waiting/stretch/next", GSIZE_TO_POINTER (550), test_stretches);
  g_test_add_func ("/waiting/jump", test_jump);
  g_test_add_func ("/waiting/flat", test_flat);
  g_test_add_func ("/waiting/keep", test_keep);
  return g_test_run ();
}
