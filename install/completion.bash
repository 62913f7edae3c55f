# SPDX-License-Identifier: LGPL-2.1-or-later
# bash completion of rnncore and the gst-rnn- commands: sub-commands and options are those that --help tells.

_rnncore () {
  local command=$1 word=$2 help

  COMPREPLY=()
  if [[ ${command##*/} == rnncore && $COMP_CWORD -eq 1 ]]; then
    help=$("$command" help 2> /dev/null | sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p')
  elif [[ $word == -* ]]; then
    [[ ${command##*/} == rnncore ]] && set -- "$command" "${COMP_WORDS[1]}" || set -- "$command"
    help=$("$@" --help 2> /dev/null | grep -oE -- '--[a-z][a-z-]*' | sort -u)
  fi
  [[ -n $help ]] && COMPREPLY=($(compgen -W "$help" -- "$word"))
}

complete -o default -F _rnncore rnncore rnncore-serve gst-rnn-caption gst-rnn-common-voice gst-rnn-draw gst-rnn-evaluate gst-rnn-evaluate-forecast \
  gst-rnn-forecast gst-rnn-hls gst-rnn-librispeech gst-rnn-pronounce gst-rnn-serve gst-rnn-synthesize gst-rnn-train gst-rnn-train-punctuation gst-rnn-web
