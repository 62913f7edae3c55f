/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GstRnnStage: what the elements of the captioning chain have in common.
 *
 *   sink -> [ timeline: is this where it should be? ] -> process -> run -> src
 *
 * The stage knows the rules for segments, gaps, jumps, flushes, caps and the end of the stream, which all come down to
 * two things a subclass can do: `drain` (send all that is pending) and `reset` (forget).  It also keeps the model:
 * loaded in NULL->READY, or aside while PLAYING and then swapped at the next endpoint. */
#pragma once
#include <gst/gst.h>
#include <rnncore/rnn.h>
#include "gstrnntimeline.h"

G_BEGIN_DECLS

typedef enum {
  GST_RNN_RESET_SEGMENT = 1 << 0,
  GST_RNN_RESET_DISCONT = 1 << 1,
  GST_RNN_RESET_ENDPOINT = 1 << 2,
} GstRnnResetOn;

GType gst_rnn_reset_on_get_type (void);
#define GST_TYPE_RNN_RESET_ON (gst_rnn_reset_on_get_type ())
GType gst_rnn_model_get_type (void);    /* RnnModel, boxed */
#define GST_TYPE_RNN_MODEL (gst_rnn_model_get_type ())

typedef struct {
  GstRnnResetOn reset_on;
  guint64 alignment_threshold, discont_wait;    /* ns */
} GstRnnStageSettings;

typedef struct {
  GstElement parent;
  GstPad *sinkpad, *srcpad;

  /* streaming thread */
  GstRnnStageSettings now;      /* snapshot for this buffer */
  GstSegment segment;           /* TIME, of the sink pad */
  gboolean negotiated, discont;
  GQueue segments;              /* GstEvent: taken and not sent on yet */
  guint32 refused;              /* seqnum of the event that was refused last */
  gboolean untold;              /* the stages downstream have missed a swap: a flush came */
  GstRnnTimeline timeline;      /* of the input */
  GstClockTime silent_since;    /* start of the GAPs that have come one after the other; NONE: the last thing was data */
  GstClockTime position;        /* where the timeline was when it stopped, or NONE */
  gboolean seam;                /* it stopped there because another stream follows: that goes on, unless it begins elsewhere */
  RnnModel *model;              /* in use; written under the object lock */
  GstClockTime end;             /* of the last frame or gap that left; NONE: a new stretch */
  gboolean state_due;           /* state-file is to be read before the first buffer */
  gint64 state_saved;           /* monotonic time */
  gsize frame_size;             /* bytes */
  GstBuffer *frame;             /* added and not pushed yet: one ... */
  GstBufferList *frames;        /* ... or several */

  /* under the object lock */
  GstRnnStageSettings settings;
  gchar *model_file;
  RnnModel *next;               /* loaded aside */
  gboolean active;              /* PAUSED or PLAYING */
  gboolean live;                /* as the last latency query was told */
  GstClockTime latency;         /* that the stage adds */
  GstClockTime pipeline_latency;        /* of all, as the pipeline has told */
  guint64 n_steps, n_resets, n_swaps;

  gchar *state_file, *save_wanted, *load_wanted;        /* paths */
  guint state_interval;         /* ms */

  gint reset_wanted, endpoint_seen;     /* atomic */
} GstRnnStage;

typedef struct {
  GstElementClass parent_class;

  gboolean works_without_model;
  const gchar *default_model;   /* "vad": models/vad.safetensors of this installation, where model-file is not set; or NULL */
  gint (*get_rate) (RnnModel *model);   /* of the sound that it takes; NULL: what the model says */
  gboolean resamples;           /* it takes sound of GST_RNN_HOLD_RATES, too */
  gboolean is_first;            /* of a chain: endpoints go no further upstream */

  /* Whether a stage of this kind can use @model at all; in any thread, reads nothing but the model.  NULL: it can */
  gboolean (*check_model) (RnnModel *model, GError **error);
  /* Prepares for @model (NULL only if works_without_model); on failure all stays as it was.  The caps follow. */
  gboolean (*set_model) (GstRnnStage *stage, RnnModel *model, GError **error);
  /* New input: sets up stage->timeline and pushes the output caps. */
  gboolean (*set_caps) (GstRnnStage *stage, GstCaps *caps, GError **error);
  /* Cuts a buffer to the segment; NULL (all implied): as it is.  @buffer: transfer full */
  GstBuffer *(*clip) (GstRnnStage *stage, GstBuffer *buffer);
  /* One buffer; advances stage->timeline.count.  It may wait for `run`, which comes after each buffer or list. */
  GstFlowReturn (*process) (GstRnnStage *stage, GstBuffer *buffer);
  GstFlowReturn (*run) (GstRnnStage *stage);
  /* Lost input of @n units (samples or steps), shorter than discont-wait: as if silence, or the last value, had come;
   * advances the timeline.  NULL: every gap is one */
  GstFlowReturn (*fill) (GstRnnStage *stage, guint64 n);
  /* Handles and forwards any other GAP; NULL: drain first.  @event: transfer full */
  gboolean (*gap) (GstRnnStage *stage, GstEvent *event, GstClockTime start, GstClockTime duration);
  GstFlowReturn (*drain) (GstRnnStage *stage);
  gboolean drains_midway;       /* after drain the stream can go on as if there had been none: asked by `rnn-drain` */
  void (*reset) (GstRnnStage *stage);
  void (*keep) (GstRnnStage *stage, RnnKeep *keep);     /* the stream's state, out or in, between two buffers; NULL: cannot */
  void (*stop) (GstRnnStage *stage);    /* frees all that set_model and set_caps made */
  gboolean (*push_event) (GstRnnStage *stage, GstEvent *event); /* downstream, transfer full; default: to srcpad */
  void (*endpoint) (GstRnnStage *stage, const GstStructure *endpoint);  /* from downstream, in any thread */
  /* TRUE: what waits in `process`, `run` or `drain` gives up at once; in any thread */
  void (*set_flushing) (GstRnnStage *stage, gboolean flushing);
  void (*get_stats) (GstRnnStage *stage, GstStructure *stats);  /* under the object lock */
} GstRnnStageClass;

#define GST_TYPE_RNN_STAGE (gst_rnn_stage_get_type ())
GType gst_rnn_stage_get_type (void);
#define GST_RNN_STAGE(obj) ((GstRnnStage *) (obj))
#define GST_RNN_STAGE_GET_CLASS(obj) (G_TYPE_INSTANCE_GET_CLASS ((obj), GST_TYPE_RNN_STAGE, GstRnnStageClass))

/* ---- gstrnnstage.c ---- */
void gst_rnn_stage_add_pads (GstRnnStage *stage);
/* model-file, reset-on, alignment-threshold, discont-wait, stats; also for the bin that proxies them */
void gst_rnn_stage_install_properties (GObjectClass *klass);
gboolean gst_rnn_stage_src_query (GstPad *pad, GstObject *parent, GstQuery *query);
/* What the stage adds to the LATENCY query; posts the message when that changes. */
void gst_rnn_stage_set_latency (GstRnnStage *stage, GstClockTime latency);
/* Unless the element has its own: may a model be swapped in? */
gboolean gst_rnn_stage_sink_query (GstPad *pad, GstObject *parent, GstQuery *query);
/* Answers a CAPS query with what of @caps its filter lets through.  @caps: transfer full */
gboolean gst_rnn_stage_answer_caps (GstQuery *query, GstCaps *caps);
/* Events that come back upstream: the endpoint, and a wish for what is still pending. */
gboolean gst_rnn_stage_src_event (GstPad *pad, GstObject *parent, GstEvent *event);

/* ---- gstrnnstage-flow.c ---- */
GstFlowReturn gst_rnn_stage_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer);
GstFlowReturn gst_rnn_stage_chain_list (GstPad *pad, GstObject *parent, GstBufferList *list);
/* The properties that hold from now on. */
void gst_rnn_stage_take_snapshot (GstRnnStage *stage);
/* Where the stream is; NONE: nothing has come since the start of the segment. */
GstClockTime gst_rnn_stage_get_position (GstRnnStage *stage);
/* Sends all that is pending. */
GstFlowReturn gst_rnn_stage_drain (GstRnnStage *stage);
/* The stream goes on elsewhere: drains, and forgets if @reason is one to do so. */
GstFlowReturn gst_rnn_stage_leave (GstRnnStage *stage, GstRnnResetOn reason);
void gst_rnn_stage_set_flushing (GstRnnStage *stage, gboolean flushing);
/* Forgets all of the stream. */
void gst_rnn_stage_reset (GstRnnStage *stage);

/* ---- gstrnnstage-state.c ---- */
/* state-file, state-interval and the signals of a class that has `keep`; its properties @first_id and the next one go to the two below,
 * under the object lock, with 0 and 1.  A bin has handlers of its own for the signals; NULL: a stage's. */
void gst_rnn_stage_install_state (GObjectClass *klass, guint first_id, GCallback save, GCallback load);
void gst_rnn_stage_set_state_property (GstRnnStage *stage, guint which, const GValue *value);
void gst_rnn_stage_get_state_property (GstRnnStage *stage, guint which, GValue *value);
void gst_rnn_stage_init_state (GstRnnStage *stage);
void gst_rnn_stage_free_state (GstRnnStage *stage);
/* In the streaming thread, or where none is, between two buffers: the state of stages that follow each other, in one file.  What does not fit
 * is said as a warning, and all begin anew. */
void gst_rnn_stages_save (GstRnnStage *const *stages, guint n, const gchar *path);
void gst_rnn_stages_load (GstRnnStage *const *stages, guint n, const gchar *path);
void gst_rnn_stage_load_state_if_due (GstRnnStage *stage);
void gst_rnn_stage_save_state_if_due (GstRnnStage *stage, gboolean stops);

/* ---- gstrnnstage-events.c ---- */
gboolean gst_rnn_stage_sink_event (GstPad *pad, GstObject *parent, GstEvent *event);

/* ---- gstrnnstage-output.c ---- */
/* FALSE: they were refused.  Where a flush is under way they are sent after it. */
gboolean gst_rnn_stage_push_caps (GstPad *srcpad, GstCaps *caps);
/* Pushes caps; frames are of @n floats from then on. */
gboolean gst_rnn_stage_set_output (GstRnnStage *stage, GstCaps *caps, gint n);
/* Adds a copy of data[n] to the frames that gst_rnn_stage_push_frames () pushes, as one list if they are several. */
void gst_rnn_stage_add_frame (GstRnnStage *stage, const gfloat *data, GstClockTime pts, GstClockTime duration);
/* A segment that continues the last one waits here: it leaves before the first output that begins in it, since what is
 * pending may begin before it.  Call this before output at @start, or with NONE when nothing is pending. */
void gst_rnn_stage_push_segments (GstRnnStage *stage, GstClockTime start);
guint gst_rnn_stage_get_n_frames (GstRnnStage *stage);
GstFlowReturn gst_rnn_stage_push_frames (GstRnnStage *stage);

/* ---- gstrnnstage-model.c ---- */
/* Loads what model-file names, now; posts the error.  Does nothing if it is loaded. */
gboolean gst_rnn_stage_load_model (GstRnnStage *stage);
/* Sets model-file; while active it is loaded in another thread. */
void gst_rnn_stage_set_model_file (GstRnnStage *stage, const gchar *path);
gboolean gst_rnn_stage_prepare_model (GstRnnStage *stage);      /* before the stream: set_model, posts the error */
void gst_rnn_stage_drop_model (GstRnnStage *stage);
/* The swap, in band: drains, changes the model, tells everyone downstream. */
void gst_rnn_stage_swap_if_due (GstRnnStage *stage);
gboolean gst_rnn_stage_take_model_event (GstRnnStage *stage, GstEvent *event);
/* After a flush: those downstream hear of a swap that it kept from them. */
void gst_rnn_stage_tell_if_due (GstRnnStage *stage);

G_END_DECLS
