/// A toy model that ships inside the jar, its sample dialogues, and the drawer of its little world.
@org.jspecify.annotations.NullMarked
module org.internvl4j.demo {
  requires static org.jspecify;
  requires transitive org.internvl4j.models;
  requires org.internvl4j.media;

  exports org.internvl4j.demo;
}
