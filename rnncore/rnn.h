/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* librnncore: streaming recurrent networks. Include this. */
#pragma once
#include "base/error.h"
#include "base/manifest.h"
#include "base/rng.h"
#include "features/features.h"
#include "model/model.h"
#include "model/quantize.h"
#include "model/safetensors.h"
#include "session/batcher.h"
#include "session/layer.h"
#include "session/session.h"
#include "ctc/caption.h"
#include "ctc/ctc.h"
#include "text/speller.h"
#include "train/train.h"
