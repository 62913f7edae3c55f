#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# meson install into a folder of its own: a program finds headers and library through pkg-config, compiles and runs; the
# plugin is where GStreamer looks; every installed header stands alone.  Prints TAP.  test-install.sh BUILD-DIRECTORY
build=$1
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
n=0

# check NAME COMMAND...: ok when the command succeeds
check() {
  n=$((n + 1))
  name=$1
  shift
  "$@" > "$root/log" 2>&1 && echo "ok $n $name" || { echo "not ok $n $name"; sed 's/^/# /' "$root/log"; }
}

compile() {
  cc -Wall -Werror $(pkg-config --cflags rnncore) "$@" $(pkg-config --libs rnncore)
}

headers_stand_alone() {
  for header in $(cd "$include" && find rnncore -name '*.h'); do
    printf '#include <%s>\nextern int x;\n' "$header" > "$root/header.c"
    compile -c "$root/header.c" -o "$root/header.o" || { echo "$header"; return 1; }
  done
}

# What the library exports, and what the installed headers declare: the rnn_ names in them, without comments and inlines.
exported() {
  nm -D --defined-only "${pc%/pkgconfig/*}/librnncore.so" | awk '{ print $3 }' | sort
}

declared() {
  (cd "$include" && find rnncore -name '*.h' -printf '#include <%p>\n') > "$root/all.c"
  compile -E "$root/all.c" | awk -v of="$include/rnncore/" '/^# / { ours = index ($3, of); next }
      /^static inline/ { inlined = 1 } ours && !inlined; /^}/ { inlined = 0 }' |
    grep -oE '(\<rnn_[a-z0-9_]+ ?\(|\<rnn_[a-z0-9_]+\[)' | tr -d ' ([' | sort -u
}

exports_are_declarations() {
  exported > "$root/exported"
  declared > "$root/declared"
  [ -s "$root/exported" ] && diff "$root/exported" "$root/declared"
}

# Whatever frees takes NULL.
free_nothing() {
  calls=$(sed -n 's/.*_\(free\|unref\)$/&/p' "$root/declared")
  [ "$calls" ] || return 1
  echo "$calls"
  { echo '#include "all.c"'; echo 'int main (void) {'; for call in $calls; do echo "$call (NULL);"; done; echo 'return 0; }'; } \
    > "$root/nothing.c"
  compile "$root/nothing.c" -o "$root/nothing" && "$root/nothing"
}

echo 1..8
check install meson install -C "$build" --no-rebuild --quiet --destdir "$root"
pc=$(find "$root" -name rnncore.pc)
export PKG_CONFIG_PATH="${pc%/*}"
export LD_LIBRARY_PATH="${pc%/pkgconfig/*}"
include=$(dirname "$(dirname "$(find "$root" -name rnn.h)")")
sed -i "s|^prefix=.*|prefix=${include%/include/*}|" "$pc"
cat > "$root/program.c" << 'END'
#include <rnncore/rnn.h>

int
main (void)
{
  return rnn_precision_get_name (RNN_PRECISION_INT8) && !rnn_model_load ("none.safetensors", NULL) ? 0 : 1;
}
END
check pkg-config pkg-config --exists --print-errors rnncore
check headers headers_stand_alone
check exports exports_are_declarations
check free-nothing free_nothing
check compile compile "$root/program.c" -o "$root/program"
check run "$root/program"
check plugin test -f "${pc%/pkgconfig/*}/gstreamer-1.0/libgstrnn.so"
