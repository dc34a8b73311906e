/// An index of pictures on disk, and what is near in it.
@org.jspecify.annotations.NullMarked
module org.internvl4j.search {
  requires static org.jspecify;
  requires static org.apache.lucene.core;
  requires transitive org.internvl4j.media;

  exports org.internvl4j.search;
}
