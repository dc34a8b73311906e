#!/bin/sh
# Made these clips, ffmpeg.tsv (file, frame, MD5 of its planes: RGB is not compared bit for bit, since each program
# rounds it in its own way) and sampled.tsv (file, frames, frames a second, indices of the reference's get_index)
# with ffmpeg 5.1.9 of Debian 12, x264 and x265.
# cup.mp4 and box.mp4 are those of Debian's package opencv-doc.
set -eu
ff() { ffmpeg -v error -y "$@"; }
exact='-map_metadata -1 -fflags +bitexact -flags:v +bitexact -movflags +faststart'
from='-f lavfi -i testsrc2=size=114x86:rate=25:duration=2'
avc='-c:v libx264 -pix_fmt yuv420p'
ff $from -vf crop=110:78 $avc -crf 30 -x264-params bframes=3:keyint=20:ref=3:b-pyramid=normal $exact reordered.mp4
ff $from -vf crop=112:80 $avc -crf 32 -profile:v baseline -x264-params slices=3:keyint=25 $exact slices.mp4
ff $from -vf crop=112:80,fade=in:0:20 $avc -crf 36 -preset ultrafast -t 1 $exact -color_range pc -colorspace bt709 unfiltered.mp4
seen='-f lavfi -i testsrc=size=160x120'
ff $seen:rate=10:duration=9 $avc -crf 40 -profile:v baseline -x264-params keyint=30 $exact baseline.mp4
ff $seen:rate=30000/1001:duration=3.7 $avc -crf 36 -profile:v main -x264-params bframes=2:keyint=25:ref=2 $exact main.mp4
ff -i reordered.mp4 -c copy -metadata:s:v rotate=90 -fflags +bitexact -movflags +faststart turned.mp4
ff -ss 0.9 -i reordered.mp4 -c copy -fflags +bitexact edited.mp4
ff $from -vf crop=112:80 $avc -crf 32 -x264-params direct=temporal:bframes=3 -t 1 $exact temporal.mp4
ff $from -vf crop=112:80 -c:v libvpx -b:v 60k -t 1 $exact small.webm
ff $from -vf crop=112:80 -c:v mpeg4 -q:v 20 -t 0.4 -fflags +bitexact small.avi
ff $from -vf crop=112:80 -c:v libx265 -x265-params log-level=none:info=0 -crf 34 -pix_fmt yuv420p -t 1 -tag:v hvc1 $exact hevc.mp4
for f in reordered slices unfiltered turned edited baseline main cup box; do
  ffmpeg -v error -noautorotate -i $f.mp4 -an -vsync passthrough -enc_time_base -1 -f framemd5 - 2>/dev/null |
    awk -F, -v f=$f.mp4 '!/^#/ { gsub(/ /, "", $6); print f "\t" n++ "\t" $6 }'
done >ffmpeg.tsv
for f in baseline main reordered edited; do
  ffprobe -v error -select_streams V:0 -count_frames -show_entries stream=nb_read_frames,avg_frame_rate -of csv=p=0 $f.mp4 |
    python3 -c '
import sys
rate, frames = sys.stdin.read().strip().split(",")
for count in (1, 5, 8, 16):
    last = int(frames) - 1  # get_index(None, fps, last, first_idx=0, num_segments=count)
    size = float(last - 0) / count
    indices = [int(0 + size / 2 + round(size * k)) for k in range(count)]
    print(sys.argv[1], frames, rate, *indices, sep="\t")
' $f.mp4
done >sampled.tsv
