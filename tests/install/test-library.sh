#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The installed library: every header stands alone, they declare what the library exports and no more, and pkg-config finds it
# wherever it is.  Prints TAP.  test-library.sh BUILD-DIRECTORY
. "$(dirname "$0")/lib.sh"
export LC_ALL=C                 # [a-z] has no i in Turkish

headers_stand_alone() {
  for header in $(cd "$include" && find rnncore -name '*.h'); do
    printf '#include <%s>\nextern int x;\n' "$header" > "$work/header.c"
    compile -fsyntax-only "$work/header.c" || { echo "$header"; return 1; }
  done
}

# rnn.h is all of them.
umbrella() {
  echo '#include <rnncore/rnn.h>' > "$work/umbrella.c"
  compile -M "$work/umbrella.c" | tr -s ' \\' '\n\n' | grep 'rnncore/.*\.h$' | xargs realpath | sort -u > "$work/included"
  find "$(realpath "$include")" -name '*.h' | sort | diff - "$work/included"
}

# What the library exports, and what the installed headers declare: the rnn_ names in them, without comments and inlines.
exported() {
  nm -D --defined-only "$libdir/librnncore.so" | awk '{ print $3 }' | sort
}

declared() {
  (cd "$include" && find rnncore -name '*.h' -printf '#include <%p>\n') > "$work/all.c"
  compile -E "$work/all.c" | awk '/^# / { ours = $3 ~ "/rnncore-1.0/rnncore/"; next }
      /^static inline/ { inlined = 1 } ours && !inlined; /^}/ { inlined = 0 }' |
    grep -oE '(\<rnn_[a-z0-9_]+ ?\(|\<rnn_[a-z0-9_]+\[)' | tr -d ' ([' | sort -u
}

exports_are_declarations() {
  exported > "$work/exported"
  declared > "$work/declared"
  [ -s "$work/exported" ] && diff "$work/exported" "$work/declared"
}

# The plugin shows GStreamer what it asks for.
plugin_exports() {
  nm -D --defined-only "$libdir/gstreamer-1.0/libgstrnn.so" | awk '{ print $3 }' | sort | tr '\n' ' ' |
    grep -x 'gst_plugin_rnn_get_desc gst_plugin_rnn_register '
}

# Whatever frees takes NULL.
free_nothing() {
  calls=$(grep -E '_(free|unref)$' "$work/declared") || return 1
  cat > "$work/nothing.c" << END
#include "all.c"
#define CALL(f) (g_print ("%s\n", #f), f (NULL))

int
main (void)
{
$(printf '  CALL (%s);\n' $calls)
  return 0;
}
END
  compile "$work/nothing.c" -o "$work/nothing" && "$work/nothing"
}

# Against a build directory, too, README's include is right.
uninstalled() {
  PKG_CONFIG_PATH=$build/meson-uninstalled
  echo '#include <rnncore/rnn.h>' > "$work/include.c"
  pkg-config --uninstalled rnncore && compile -c "$work/include.c" -o "$work/include.o"
}

# What the library itself links is not asked of who links it.
requires() {
  [ "$(pkg-config --print-requires --print-requires-private rnncore | sed 's/ .*//' | sort | tr '\n' ' ')" = 'glib-2.0 jansson ' ]
}

check pkg-config pkg-config --exists --print-errors rnncore
check requires requires
check headers headers_stand_alone
check umbrella umbrella
check exports exports_are_declarations
check plugin-exports plugin_exports
check free-nothing free_nothing
check uninstalled uninstalled
echo 1..$n
