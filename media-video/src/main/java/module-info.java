/// Frames of video files: MP4 with H.264 in this process, everything else by an external ffmpeg.
@org.jspecify.annotations.NullMarked
module org.internvl4j.media.video {
  requires static org.jspecify;
  requires transitive org.internvl4j.models;
  requires jcodec;

  exports org.internvl4j.media.video;
}
