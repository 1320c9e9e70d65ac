#!/bin/sh
# Install the system libraries that the Python wheels expect and do not bring along:
# a C compiler (forms are compiled at run time), the X/GL libraries Gmsh is linked to, EGL for off-screen VTK.
packages="gcc libc6-dev libgomp1 libgl1 libglu1-mesa libxcursor1 libxft2 libxinerama1 libxrender1 libxfixes3 libfontconfig1 libegl1"
missing=""
have() { ldconfig -p 2>/dev/null | grep -q "$1" || ls /usr/lib/*/"$1"* /usr/lib64/"$1"* >/dev/null 2>&1; }
for lib in libGL.so.1 libGLU.so.1 libX11.so.6 libXcursor.so.1 libXext.so.6 libXfixes.so.3 libXft.so.2 \
           libXinerama.so.1 libXrender.so.1 libfontconfig.so.1 libgomp.so.1 libEGL.so.1; do
  have "$lib" || missing="$missing $lib"
done
if ! printf '#include <stdlib.h>\nint main(void){return 0;}\n' | ${CC:-cc} -x c -o /dev/null - >/dev/null 2>&1 &&
   ! printf '#include <stdlib.h>\nint main(void){return 0;}\n' | gcc -x c -o /dev/null - >/dev/null 2>&1; then
  missing="$missing C-compiler"
fi
[ -z "$missing" ] && exit 0
echo "installing what is missing:$missing" >&2
if command -v apt-get >/dev/null 2>&1; then
  if [ "$(id -u)" = 0 ]; then run=
  elif command -v sudo >/dev/null 2>&1; then run=sudo
  else echo "ask an administrator for: apt-get install $packages" >&2; exit 1; fi
  # shellcheck disable=SC2086  # the list is meant to be split
  $run apt-get update -qq &&
    $run env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >/dev/null
else
  echo "install with your package manager (RHEL/Fedora names): gcc mesa-libGL mesa-libGLU mesa-libEGL libXcursor libXft libXinerama libXrender libXfixes fontconfig" >&2
  exit 1
fi
