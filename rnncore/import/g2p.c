/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The English letters-to-phones model of g2p_en (Park 2019) as it keeps it: a NumPy archive of an encoder and a decoder, GRUs whose
 * gates are PyTorch's, with embeddings in front and a dense layer behind.  What letters and phones its rows are is not in the file: the
 * phones are ARPAbet's with their stress, in the order of their names. */
#include <string.h>
#include "archive.h"
#include "model/reader.h"

#define LETTERS "<pad> <unk> </s> a b c d e f g h i j k l m n o p q r s t u v w x y z"
#define PHONES \
  "<pad> <unk> <s> </s> AA0 AA1 AA2 AE0 AE1 AE2 AH0 AH1 AH2 AO0 AO1 AO2 AW0 AW1 AW2 AY0 AY1 AY2 B CH D DH EH0 EH1 EH2 ER0 ER1 ER2 " \
  "EY0 EY1 EY2 F G HH IH0 IH1 IH2 IY0 IY1 IY2 JH K L M N NG OW0 OW1 OW2 OY0 OY1 OY2 P R S SH T TH UH0 UH1 UH2 UW UW0 UW1 UW2 V W Y Z ZH"

static const struct {
  const gchar *theirs, *ours;
} names[] = {
  { "enc_emb", "encoder.embedding.weight" }, { "enc_w_ih", "encoder.gru.weight_ih_l0" }, { "enc_w_hh", "encoder.gru.weight_hh_l0" },
  { "enc_b_ih", "encoder.gru.bias_ih_l0" }, { "enc_b_hh", "encoder.gru.bias_hh_l0" },
  { "dec_emb", "embedding.weight" }, { "dec_w_ih", "gru.weight_ih_l0" }, { "dec_w_hh", "gru.weight_hh_l0" },
  { "dec_b_ih", "gru.bias_ih_l0" }, { "dec_b_hh", "gru.bias_hh_l0" }, { "fc_w", "output.weight" }, { "fc_b", "output.bias" },
};

static json_t *
list (const gchar *words)
{
  g_auto (GStrv) split = g_strsplit (words, " ", -1);
  json_t *strings = json_array ();

  for (gchar **word = split; *word; word++)
    json_array_append_new (strings, json_string (*word));
  return strings;
}

/* An embedding of so many tokens and a GRU, both as wide as the arrays say. */
static json_t *
make_layers (const RnnTensors *arrays, const gchar *embedding, const gchar *recurrent, gsize tokens)
{
  const RnnTensorView *e = rnn_tensors_find (arrays, embedding), *r = rnn_tensors_find (arrays, recurrent);

  return json_pack ("[{ss ss sI si} {ss ss si}]", "cell", "embedding", "name", "embedding", "tokens", (json_int_t) tokens, "units",
      e && e->rank == 2 ? (gint) MIN (e->dims[1], G_MAXINT32) : 0, "cell", "gru", "name", "gru", "hidden",
      r && r->rank == 2 ? (gint) MIN (r->dims[1], G_MAXINT32) : 0);
}

static json_t *
make_recipe (const RnnTensors *arrays)
{
  json_t *letters = list (LETTERS), *phones = list (PHONES);
  json_t *encoder = make_layers (arrays, "enc_emb", "enc_w_hh", json_array_size (letters));
  json_t *decoder = make_layers (arrays, "dec_emb", "dec_w_hh", json_array_size (phones));

  json_array_append_new (decoder, json_pack ("{ss ss sI}", "cell", "dense", "name", "output", "units",
          (json_int_t) json_array_size (phones)));
  return json_pack ("{si ss s{ss si} s{so so sb} so s{ss so}}", "format", 1, "name", "g2p_en", "input", "kind", "tensors", "size", 1,
      "encoder", "tokens", letters, "layers", encoder, "carry", TRUE, "layers", decoder, "output", "kind", "classes", "labels", phones);
}

static gboolean
is_mine (const guint8 *data, gsize n)
{
  return rnn_archive_has (data, n, "enc_w_ih.npy") && rnn_archive_has (data, n, "dec_w_ih.npy") && rnn_archive_has (data, n, "fc_w.npy");
}

static gboolean
read_file (GBytes *bytes, const gchar *where, RnnImport *import, GError **error)
{
  if (!rnn_reader_find ("npz")->read (bytes, where, import, error))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (rnn_tensors_find (import->tensors, names[i].theirs))
      rnn_tensors_add_alias (import->tensors, names[i].ours, names[i].theirs);
  import->recipe = make_recipe (import->tensors);
  return TRUE;
}

const RnnReader rnn_reader_g2p = { "g2p", "letters to phones of g2p_en (.npz)", is_mine, read_file };
