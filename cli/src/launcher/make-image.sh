#!/bin/sh
# Makes an image: the program, the part of a JDK it needs, and the AOT caches of both. It runs where there is no Java.
# make-image.sh JDK TARGET NAME: from the jars in TARGET/lib and the manual in TARGET/man to TARGET/NAME and NAME-SYSTEM.tar.gz.
set -eu
jdk=$1 target=$2 name=$3
here=$(cd "$(dirname "$0")" && pwd)
image=$target/$name

rm -rf "$image" "$image"-*.tar.gz
mkdir -p "$image/bin" "$image/lib/jars" "$image/share"
cp -p "$here/internvl" "$image/bin/"
cp -p "$here/launch.sh" "$image/lib/"
cp -p "$here/../../../LICENSE" "$image/"
cp -p "$target"/lib/*.jar "$image/lib/jars/"
mv "$image"/lib/jars/internvl4j-cli-*.jar "$image/lib/jars/internvl4j-cli.jar" # whose manifest names the others

# What the jars refer to; the Vector API is among it.
modules=$("$jdk/bin/jdeps" --ignore-missing-deps --multi-release base -s --module-path "$target/lib" "$target"/lib/*.jar |
  grep -oE -- ' -> (java|jdk)\.[a-z.]+$' | cut -d ' ' -f 3 | sort -u | paste -sd , -)
case ,$modules, in *,jdk.incubator.vector,*) ;; *) echo "make-image: jdeps found these modules alone: $modules" >&2; exit 1 ;; esac
# Native symbols stay out of a JDK's own files already; taking out more would need a linker's tools here.
"$jdk/bin/jlink" --add-modules "$modules" --strip-java-debug-attributes --no-header-files --no-man-pages --compress zip-6 \
  --output "$image/lib/java"

# shellcheck source=launch.sh
. "$here/launch.sh"
rehearse "$image/lib/java/bin/java" "$image/lib/jars/internvl4j-cli.jar" "$image/lib"
for cache in reading computing; do
  [ -s "$image/lib/$cache.aot" ] || { echo "make-image: the rehearsal for $cache.aot failed" >&2; exit 1; }
done

if [ -d "$target/man" ]; then
  mkdir -p "$image/share/man/man1"
  cp "$target"/man/*.1 "$image/share/man/man1/"
fi
while read -r shell file; do
  mkdir -p "$image/share/${file%/*}"
  "$image/bin/internvl" completion "$shell" >"$image/share/$file"
done <<'END'
bash bash-completion/completions/internvl
zsh zsh/site-functions/_internvl
fish fish/vendor_completions.d/internvl.fish
END

system=$(uname -sm | tr 'A-Z ' 'a-z-')
tar -C "$target" -czf "$image-$system.tar.gz" "$name"
