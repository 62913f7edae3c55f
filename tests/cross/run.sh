# SPDX-License-Identifier: LGPL-2.1-or-later
# The tests of the library for another architecture, sourced by tests/aarch64 and tests/i386, which say what it is: $cpu (a cross
# file of this folder), $debian (Debian's name of it), $tools (programs that are needed) and $tool_packages, where they are.
# Debian's libraries of that architecture go to build-$cpu-root; nothing is installed.
# The last line is "N passed, N failed, N skipped"; without the tools the one skip is all there is.
build=build-$cpu
apt=$PWD/$build-apt
root=$PWD/$build-root
packages="libglib2.0-dev libjansson-dev libprotobuf-c-dev libzip-dev libopenblas-pthread-dev libfftw3-dev libhdf5-dev libcairo2-dev"

for tool in $tools apt-get dpkg-deb; do
  if ! command -v "$tool" > /dev/null; then
    echo "Skipped: there is no $tool (Debian: $tool_packages)"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
  fi
done

# apt for the other architecture, with lists and a status of its own
apt_there() {
  apt-get -q -y -o APT::Architecture="$debian" -o APT::Architectures="$debian" -o APT::Install-Recommends=false -o Acquire::Languages=none \
    -o APT::Sandbox::User= -o Dir::State="$apt" -o Dir::State::status="$apt/status" -o Dir::Cache="$apt" -o Debug::NoLocking=true "$@"
}

if [ ! -d "$root" ]; then
  mkdir -p "$apt/lists/partial" "$apt/archives/partial"
  : > "$apt/status"
  apt_there update || echo "$apt: going on without the lists that could not be had"
  apt_there install --download-only $packages
  for deb in "$apt"/archives/*.deb; do
    dpkg-deb -x "$deb" "$root.new"
  done
  mv "$root.new" "$root"
  rm -r "$apt"
fi
if [ ! -f "$build/build.ninja" ]; then
  printf "[constants]\nroot = '%s'\n" "$root" > "$root/root.ini"
  meson setup "$build" --cross-file "$root/root.ini" --cross-file "tests/cross/$cpu.ini" -Delements=false -Dmpi=disabled \
    -Dintrospection=disabled
fi
ninja -C "$build"
rm -f "$build"/meson-logs/testlog*.txt
status=0
meson test -C "$build" --suite core --timeout-multiplier 10 "$@" < /dev/null || status=$?
awk -f tests/count.awk "$build/meson-logs/testlog.txt"
exit $status
