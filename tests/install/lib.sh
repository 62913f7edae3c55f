# SPDX-License-Identifier: LGPL-2.1-or-later
# Sourced by the tests of this folder, which get the build directory: what it installs, moved to $tree, and TAP.
build=$1
. "$(dirname "$0")/../tap.sh"

# It is installed for one prefix and moved to another, so that nothing can depend on either.
install_moved() {
  meson install -C "$build" --no-rebuild --quiet --destdir "$work/stage" || return 1
  include=$(find "$work/stage" -path '*/include/*' -name rnn.h)
  mv "${include%/include/*}" "$tree" && rm -r "$work/stage"
}
tree=$work/tree
check install install_moved
[ -d "$tree" ] || { echo 'Bail out! nothing is installed'; exit 1; }
libdir=$(dirname "$(find "$tree" -name librnncore.so)")
include=$(dirname "$(dirname "$(find "$tree" -name rnn.h)")")
# A build directory that was made before pkgconfig.relocatable was the default has kept its prefix.
grep -q pcfiledir "$libdir/pkgconfig/rnncore.pc" || sed -i "s|^prefix=.*|prefix=$tree|" "$libdir/pkgconfig/rnncore.pc"
unset GST_PLUGIN_PATH LD_LIBRARY_PATH RNN_BUILD
export HOME="$work" PKG_CONFIG_PATH="$libdir/pkgconfig"

# A program as its author would make it; the tree is not where the linker looks.
compile() {
  cc -Wall -Werror $(pkg-config --cflags rnncore) "$@" $(pkg-config --libs rnncore) -Wl,-rpath,"$libdir" -lm
}
