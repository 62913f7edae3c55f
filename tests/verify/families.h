/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tables of case kinds, each in the file of its name; each ends with a row without a key. */
#pragma once
#include "case.h"

extern const CaseKind cases_torch[];            /* cells-torch.c: nn.RNN, nn.LSTM, nn.GRU, packed, truncated BPTT */
extern const CaseKind cases_papers[];           /* cells-papers.c: one layer as its paper has it */
extern const CaseKind cases_onnx[];             /* cells-onnx.c, nodes-onnx.c */
extern const CaseKind cases_keras[];            /* cells-keras.c */
extern const CaseKind cases_trained[];          /* cells-trained.c: nntrainer's updates */
extern const CaseKind cases_xlstm[];            /* cells-xlstm.c */
extern const CaseKind cases_features[];         /* features.c, features-stages.c */
extern const CaseKind cases_ctc[];              /* ctc.c */
extern const CaseKind cases_lm[];               /* lm.c */
extern const CaseKind cases_optimizers[];       /* optim.c */
extern const CaseKind cases_rwkv_models[];      /* models-rwkv.c */
extern const CaseKind cases_rwkv[];             /* cells-rwkv.c */
extern const CaseKind cases_memory[];           /* cells-memory.c: linear attention, retention and their layers, ConvLSTM */
extern const CaseKind cases_mamba[];            /* cells-mamba.c: Mamba, Mamba-2 */
extern const CaseKind cases_reservoir[];        /* cells-reservoir.c: echo state networks */
extern const CaseKind cases_hopfield[];         /* cells-hopfield.c */
extern const CaseKind cases_forecast[];         /* forecast.c: distributions, metrics */
