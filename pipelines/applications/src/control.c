/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recurrent policies where one has to remember: cart-pole without velocities, and the T-maze, whose corridor grows while it is
 * learnt.  The same network whose state is forgotten after every step is the control. */
#include "fit.h"
#include "policy.h"
#include <time.h>

#define EVERY 40                /* updates to a row of the learning curve */
#define SHORTEST 5              /* corridors */
#define LONGEST 100
#define GOOD 0.95               /* share of good episodes after which a corridor grows, or training ends */

typedef struct {
  const WorldClass *klass;
  const gchar *recipe;
  gint shortest, longest;
} Task;

static const Task tasks[] = {
  { &world_cart_pole, "control-cart-pole", 0, 0 },
  { &world_t_maze, "control-t-maze", SHORTEST, LONGEST },
};

static gdouble
cpu_minutes (void)
{
  return clock () / (gdouble) CLOCKS_PER_SEC / 60;
}

/* The length that comes after one in which @solved episodes were good. */
static gint
grow (const Task *task, gint length, gdouble solved)
{
  return solved >= GOOD ? MIN (length + 1 + length / 10, task->longest) : length;
}

/* The share of good episodes of about a hundred, acting as it thinks best. */
static gdouble
measure (Policy *policy, gint length)
{
  guint rounds = 100 / policy->unroll.B + 1;
  gdouble sum = 0;

  policy->greedy = TRUE;
  for (guint i = 0; i < rounds; i++)
    sum += policy_play (policy, length, length) / rounds;
  policy->greedy = FALSE;
  return 100 * sum;
}

/* Good without drawing, too, however long the corridor? */
static gboolean
is_good (const Task *task, Policy *policy)
{
  return measure (policy, task->longest) >= 100 * GOOD && measure (policy, task->shortest) >= 100 * GOOD;
}

/* Learns until it is good for long at the greatest length, or the updates or minutes are over; returns the updates. */
static guint
train (const Task *task, Policy *policy, Table *table, const Setting *setting, gboolean forgets)
{
  gdouble start = cpu_minutes (), average = 0;
  gint length = task->shortest;
  guint update;

  for (update = 0; (gint) update < policy->config.epochs; update++) {
    gdouble solved = policy_play (policy, task->shortest, length);

    average += 0.05 * (solved - average);
    if (update % EVERY == 0)
      table_row (table, "%s\t%s\t%d\t%u\t%d\t%.2f\t%.2f", task->klass->name, forgets ? "no" : "yes", policy->config.seed,
          update * policy->unroll.B, length, policy_get_mean_steps (policy), policy_get_mean_reward (policy));
    policy_learn (policy, update);
    if (setting->seconds > 0 && (cpu_minutes () - start) * 60 > setting->seconds)
      break;
    if (average > GOOD + 0.03 && length == task->longest) {
      if (is_good (task, policy))
        break;
      average = 0;
    }
    if (average > 0.8 && length < task->longest && (length = grow (task, length, solved)) == task->longest)
      average = 0;
  }
  return update;
}

/* In which of the corridors from 10 on did it find the prize nine times of ten? */
static gint
longest_solved (Policy *policy)
{
  gint best = 0;

  for (gint length = 10; length <= LONGEST && measure (policy, length) >= 90; length += 10)
    best = length;
  return best;
}

static void
tell (const Task *task, Policy *policy, guint updates, gdouble minutes, gboolean forgets, json_t *figures)
{
  const gchar *how = forgets ? "without_state" : "with_state";
  g_autofree gchar *good = g_strdup_printf ("%s_%s_good", task->klass->name, how);
  g_autofree gchar *episodes = g_strdup_printf ("%s_%s_episodes", task->klass->name, how);
  g_autofree gchar *spent = g_strdup_printf ("%s_%s_minutes", task->klass->name, how);
  g_autofree gchar *corridor = g_strdup_printf ("%s_%s_corridor", task->klass->name, how);

  json_object_set_new (figures, good, json_real (measure (policy, task->longest)));
  json_object_set_new (figures, episodes, json_integer (updates * policy->unroll.B));
  json_object_set_new (figures, spent, json_real (minutes));
  if (task->longest)
    json_object_set_new (figures, corridor, json_integer (longest_solved (policy)));
}

static gboolean
run_task (const Setting *setting, const Task *task, gboolean forgets, Table *table, json_t *figures, GError **error)
{
  Fit fit;
  g_autoptr (RnnModel) model = fit_recipe (&fit, setting, task->recipe, NULL, NULL, error);
  gdouble start = cpu_minutes ();
  Policy policy;
  guint updates;

  if (!model)
    return FALSE;
  policy_init (&policy, task->klass, model, &fit.config, setting->smoke ? SHORTEST : task->longest, forgets);
  updates = train (task, &policy, table, setting, forgets);
  tell (task, &policy, updates, cpu_minutes () - start, forgets, figures);
  policy_clear (&policy);
  return forgets || fit_save (setting, model, error);
}

static gboolean
run (const Setting *setting, GError **error)
{
  g_autoptr (Table) table = table_new (setting, "control", "world\tstate\tseed\tepisodes\tlength\tsteps\treward", error);
  json_t *figures = json_object ();
  gboolean ok = table != NULL;

  for (guint i = 0; ok && i < 2 * G_N_ELEMENTS (tasks); i++)
    ok = run_task (setting, &tasks[i / 2], i % 2, table, figures, error);
  if (ok)
    report (setting, "control", figures);
  else
    json_decref (figures);
  return ok;
}

const Experiment application_control = { "control", "recurrent policies of worlds that hide something", FALSE, run };
