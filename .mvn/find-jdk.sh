# Finds a JDK of at least 25 and puts its folder into JDK: JAVA_HOME, PATH, the usual system folders, SDKMAN.
# Sourced by ./build and ./internvl. POSIX tools only.
is_jdk_25() {
  [ -x "$1/bin/javac" ] && [ -r "$1/release" ] || return 1
  v=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release")
  [ -n "$v" ] && [ "$v" -ge 25 ]
}
find_jdk() {
  on_path=$(command -v javac 2>/dev/null || true)
  if [ -n "$on_path" ]; then on_path=$(dirname "$(dirname "$(readlink -f "$on_path" 2>/dev/null || echo "$on_path")")"); fi
  for JDK in "${JAVA_HOME:-}" "$on_path" /usr/lib/jvm/* /usr/java/* /opt/java/* /opt/jdk* \
      "$HOME"/.sdkman/candidates/java/* "${SDKMAN_DIR:-/nonexistent}"/candidates/java/* "$HOME"/.jdks/* \
      /Library/Java/JavaVirtualMachines/*/Contents/Home "$HOME"/Library/Java/JavaVirtualMachines/*/Contents/Home; do
    if [ -n "$JDK" ] && is_jdk_25 "$JDK"; then return 0; fi
  done
  echo "internvl: no JDK 25 or newer found in JAVA_HOME, PATH or the usual folders; install one, for example with 'sdk install java 25-tem', and try again" >&2
  return 1
}
