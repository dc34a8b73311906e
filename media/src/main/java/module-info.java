/// Picture files to RGB: ImageIO, WebP, EXIF orientation, limits.
@org.jspecify.annotations.NullMarked
module org.internvl4j.media {
  requires static org.jspecify;
  requires transitive java.desktop;
  requires transitive org.internvl4j.models;
  requires com.twelvemonkeys.imageio.webp;

  exports org.internvl4j.media;
}
