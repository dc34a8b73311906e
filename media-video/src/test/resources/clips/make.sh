#!/bin/sh
# Made these clips and ffmpeg.tsv (file, frame, MD5 of its planes) with ffmpeg 5.1.9 of Debian 12, x264 and x265.
# cup.mp4 and box.mp4 are those of Debian's package opencv-doc.
set -eu
ff() { ffmpeg -v error -y "$@"; }
exact='-map_metadata -1 -fflags +bitexact -flags:v +bitexact -movflags +faststart'
from='-f lavfi -i testsrc2=size=114x86:rate=25:duration=2'
avc='-c:v libx264 -pix_fmt yuv420p'
ff $from -vf crop=110:78 $avc -crf 30 -x264-params bframes=3:keyint=20:ref=3:b-pyramid=normal $exact reordered.mp4
ff $from -vf crop=112:80 $avc -crf 32 -profile:v baseline -x264-params slices=3:keyint=25 $exact slices.mp4
ff $from -vf crop=112:80,fade=in:0:20 $avc -crf 36 -preset ultrafast -t 1 $exact -color_range pc -colorspace bt709 unfiltered.mp4
ff -i reordered.mp4 -c copy -metadata:s:v rotate=90 -fflags +bitexact -movflags +faststart turned.mp4
ff -ss 0.9 -i reordered.mp4 -c copy -fflags +bitexact edited.mp4
ff $from -vf crop=112:80 $avc -crf 32 -x264-params direct=temporal:bframes=3 -t 1 $exact temporal.mp4
ff $from -vf crop=112:80 -c:v libvpx -b:v 60k -t 1 $exact small.webm
ff $from -vf crop=112:80 -c:v mpeg4 -q:v 20 -t 0.4 -fflags +bitexact small.avi
ff $from -vf crop=112:80 -c:v libx265 -x265-params log-level=none:info=0 -crf 34 -pix_fmt yuv420p -t 1 -tag:v hvc1 $exact hevc.mp4
for f in reordered slices unfiltered turned edited cup box; do
  ffmpeg -v error -noautorotate -i $f.mp4 -an -vsync passthrough -enc_time_base -1 -f framemd5 - 2>/dev/null |
    awk -F, -v f=$f.mp4 '!/^#/ { gsub(/ /, "", $6); print f "\t" n++ "\t" $6 }'
done >ffmpeg.tsv
