/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the matches of figures.c's rows are said: each function appends words, with spaces around them, to @out. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef void (*RnnFigureSay) (GString *out, const GMatchInfo *match);

/* ---- figures-parts.c ---- */

gchar  *rnn_figure_group          (const GMatchInfo *match, gint i);    /* "" if it took no part (transfer full) */
guint64 rnn_figure_value          (const gchar *digits);
gchar  *rnn_figure_without_commas (const gchar *text);          /* "1,234" -> "1234" (transfer full) */
void    rnn_figure_say            (GString *out, const gchar *word);
void    rnn_figure_trim_end       (GString *out);
void    rnn_figure_say_whole      (GString *out, const gchar *digits);
void    rnn_figure_say_number     (GString *out, const gchar *written);         /* "1,234", "3.14", ".5" */
void    rnn_figure_say_year       (GString *out, const gchar *digits);
void    rnn_figure_say_ordinal    (GString *out, guint64 n);

/* ---- figures-dates.c ---- */

void    rnn_figure_say_iso_date     (GString *out, const GMatchInfo *match);    /* year, month, day */
void    rnn_figure_say_slashed_date (GString *out, const GMatchInfo *match);    /* month, day, year */
void    rnn_figure_say_month_day    (GString *out, const GMatchInfo *match);    /* month, day, year or nothing */
void    rnn_figure_say_day_month    (GString *out, const GMatchInfo *match);    /* day, "of" or "", month, year or "" */
void    rnn_figure_say_time         (GString *out, const GMatchInfo *match);    /* hour, minute or "", "a", "p" or "" */

/* ---- figures-measures.c ---- */

void    rnn_figure_say_sign_amount (GString *out, const GMatchInfo *match);     /* sign, amount, scale or nothing */
void    rnn_figure_say_amount_sign (GString *out, const GMatchInfo *match);     /* amount, sign */
void    rnn_figure_say_unit        (GString *out, const GMatchInfo *match);     /* amount, unit */
void    rnn_figure_say_sign        (GString *out, const GMatchInfo *match);

G_END_DECLS
