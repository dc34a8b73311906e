/// The engine over HTTP: the interfaces that clients already speak, and a page.
@org.jspecify.annotations.NullMarked
module org.internvl4j.server {
  requires static org.jspecify;
  requires micrometer.core;
  requires micrometer.registry.prometheus;
  requires org.eclipse.jetty.server;
  requires org.internvl4j.media;
  requires org.internvl4j.media.pdf;
  requires org.internvl4j.media.video;
  requires transitive org.internvl4j.serving;

  exports org.internvl4j.server;
}
