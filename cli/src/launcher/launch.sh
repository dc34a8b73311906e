# Starts the command line on a Java: launch JAVA CLASS_PATH CACHES ARGUMENT…, where the folder CACHES may hold AOT caches.
# Sourced by ./internvl and by the bin/internvl of an image. POSIX tools only, and next to no process.
# shellcheck shell=sh disable=SC2034 # for those who source this

# A standard stream that is closed would be the number of the next file that is opened: a jar, say.
{ true 3<&0; } 2>/dev/null || exec </dev/null
{ true 3>&1; } 2>/dev/null || exec >/dev/null
true 3>&2 || exec 2>/dev/null

# Java reads arguments and file names in the locale's charset: ASCII, the lot of containers, loses all others.
case ${LC_ALL:-${LC_CTYPE:-${LANG:-}}} in
  C.UTF-8) ;;
  *) case $(locale charmap 2>/dev/null || true) in '' | ANSI_X3.4-1968 | US-ASCII | 646) export LC_ALL=C.UTF-8 ;; esac ;;
esac

# Weights lie outside the heap, which is small: it starts so, and what the compilers needed is given back.
flags='--enable-native-access=ALL-UNNAMED -XX:+UseSerialGC -Xms48m -XX:TrimNativeHeapInterval=2000 -Xlog:aot*=off -Xlog:cds*=off'
vector_api='--add-modules jdk.incubator.vector'

# Where pictures come one after the other, those that are under way have room to die young: else the heap grows to its limit.
# Survivors may fill most of their room: else what is under way counts as old from half of it on, and is collected seldom.
many_pictures='-Xms320m -Xmn256m -XX:TargetSurvivorRatio=90'

# Runs of what the program does leave AOT caches: loaded classes and what the compiler should know (JEP 483, 515). Java
# ignores one that does not fit, and without any everything works, later.
rehearse() { # JAVA CLASS_PATH CACHES
  rehearse_into "$3/reading.aot" "$1" "$2"
  # shellcheck disable=SC2086 # a list
  rehearse_into "$3/computing.aot" "$1" "$2" $vector_api
}
rehearse_into() {
  file=$1 java=$2 jars=$3
  shift 3
  # shellcheck disable=SC2086 # lists
  "$java" "$@" $flags "-XX:AOTCacheOutput=$file" -cp "$jars" org.internvl4j.cli.Rehearsal </dev/null || rm -f "$file"
}

# Commands that compute nothing, or only with the toy, start faster without the Vector API's module, and without C2 if that
# cannot repay its work.
launch() {
  java=$1 jars=$2 cache=$3/reading.aot
  shift 3
  vector=$vector_api
  jit=
  heap=
  for word in "${1-help}" "$@"; do
    case $word in
      help | -h | --help | -V | --version | show | cache | models | rm | completion) vector='' jit=-XX:TieredStopAtLevel=1 ;;
      demo) case " $* " in *' --device'* | *' --kernels'* | *' --activations'*) ;; *) vector='' jit=-XX:TieredStopAtLevel=1 ;; esac ;;
      tiles | tokenize | pull) vector= ;;
      batch | index) case " ${INTERNVL_JAVA_OPTS:-}" in *' -Xm'*) ;; *) heap=$many_pictures ;; esac ;;
      -*) continue ;;
    esac
    break
  done

  [ -z "$vector" ] || cache=${cache%/*}/computing.aot
  aot=
  [ ! -f "$cache" ] || aot=-XX:AOTCache=$cache

  terminals=
  for stream in 0:in 1:out 2:err; do
    if [ -t "${stream%%:*}" ]; then terminals=$terminals,${stream#*:}; fi
  done

  # shellcheck disable=SC2086 # lists
  exec "$java" $vector $jit $flags $heap ${aot:+"$aot"} "-Dinternvl4j.terminals=$terminals" \
    ${INTERNVL_JAVA_OPTS:-} -cp "$jars" org.internvl4j.cli.Main "$@"
}
