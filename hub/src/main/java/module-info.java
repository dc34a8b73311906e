/// Models from the Hugging Face hub, in the cache that its other clients share.
@org.jspecify.annotations.NullMarked
module org.internvl4j.hub {
  requires static org.jspecify;
  requires java.net.http;
  requires transitive org.internvl4j.loader;

  exports org.internvl4j.hub;
}
