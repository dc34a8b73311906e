# Finds a JDK of at least 25 and puts its folder into JDK: JAVA_HOME, PATH, the usual system folders, SDKMAN, IDEs.
# Sourced by ./build and ./internvl. POSIX tools only; no JVM is started and next to no process, so it costs a millisecond.
is_jdk_25() {
  [ -x "$1/bin/javac" ] && [ -r "$1/release" ] || return 1
  while IFS='="' read -r key _ value _; do
    [ "$key" != JAVA_VERSION ] || { [ "${value%%[!0-9]*}" -ge 25 ] 2>/dev/null; return; }
  done <"$1/release"
  return 1
}
jdk_on_path() {
  javac=$(command -v javac 2>/dev/null) || return 0
  [ ! -L "$javac" ] || javac=$(readlink -f "$javac" 2>/dev/null || echo "$javac")
  javac=${javac%/*}
  echo "${javac%/*}"
}
find_jdk() {
  JDK=${JAVA_HOME:-}
  if [ -n "$JDK" ] && is_jdk_25 "$JDK"; then return 0; fi
  for JDK in "$(jdk_on_path)" /usr/lib/jvm/* /usr/lib64/jvm/* /usr/java/* /usr/local/java/* \
      /opt/java/* /opt/jdk* "${SDKMAN_DIR:-${HOME:-}/.sdkman}"/candidates/java/* "${HOME:-}"/.jdks/* "${HOME:-}"/.gradle/jdks/* \
      /Library/Java/JavaVirtualMachines/*/Contents/Home "${HOME:-}"/Library/Java/JavaVirtualMachines/*/Contents/Home \
      /opt/homebrew/opt/openjdk*/libexec/openjdk.jdk/Contents/Home; do
    if [ -n "$JDK" ] && is_jdk_25 "$JDK"; then return 0; fi
  done
  echo "internvl: no JDK 25 or newer found in JAVA_HOME, PATH or the usual folders; install one, for example with 'sdk install java 25-tem', and try again" >&2
  return 1
}
