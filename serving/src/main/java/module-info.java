/// Many answers at once from one copy of the weights: who waits, who is read, who grows.
@org.jspecify.annotations.NullMarked
module org.internvl4j.serving {
  requires static org.jspecify;
  requires transitive org.internvl4j.models;

  exports org.internvl4j.serving;
}
