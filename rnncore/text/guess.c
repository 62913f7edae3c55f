/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The share that a language's commonest words have of a text: much of one of its own, little of another's, nothing of a list of commands.  Words of
 * one letter are left out, for people spell. */
#include "guess.h"
#include <string.h>

#define LEAST 0.05              /* a smaller share says nothing */
#define CLEARLY 2.0             /* times as much as English's */
#define ENGLISH "the of and to in is that it was for on with as his he be at by this had not are but from or have you were her she there would their we been who will"

static const struct {
  const gchar *name, *words;
} languages[] = {
  { "German", "der die und das ist nicht ich sie zu den mit es ein von auf eine dem als auch er wir sich wie war haben im des aber noch" },
  { "French", "le la les des et est une que dans qui pour pas sur il au ne par du avec ce elle je vous sont mais nous plus un se son" },
  { "Spanish", "el la los de que en un una por con no se las para del es lo su al como pero sus le ha me si sin este" },
  { "Italian", "il di che la per un non una con sono del della le si da come ma gli nel alla lo mi anche questo dei" },
  { "Dutch", "de het een van en ik is dat niet te zijn op voor met die hij je er maar aan ze was heeft om ook bij nog" },
  { "Portuguese", "os que de do da em um para com uma se na por mais as dos como mas ao ele foi seu sua ou quando" },
  { "Swedish", "och att det som en av med den till inte om ett han har jag var vi de ska kan men så sig från" },
  { "Danish", "og at det er en den til som med de ikke et han har jeg var vi der af om men kan skal sig hun" },
  { "Polish", "nie na do to jest jak co po ale za tak od przez czy tylko dla ma jej jego go sa" },
  { "Latin", "et in est non ad ut cum quod qui sed si ab quae ex esse aut hoc nec enim me atque per eius quam" },
};

static gdouble
add_up (const gchar *words, RnnWeighWord weigh, gpointer data)
{
  g_auto (GStrv) list = g_strsplit (words, " ", -1);
  gdouble sum = 0;

  for (guint i = 0; list[i]; i++)
    sum += weigh (data, list[i]);
  return sum;
}

const gchar *
rnn_guess_foreign (RnnWeighWord weigh, gpointer data)
{
  gdouble english = add_up (ENGLISH, weigh, data), best = MAX (LEAST, CLEARLY * english);
  const gchar *name = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (languages); i++) {
    gdouble share = add_up (languages[i].words, weigh, data);

    if (share > best) {
      best = share;
      name = languages[i].name;
    }
  }
  return name;
}
