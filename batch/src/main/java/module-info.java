/// The same task for many pictures: rows in, rows out, none lost and none twice.
@org.jspecify.annotations.NullMarked
module org.internvl4j.batch {
  requires static org.jspecify;
  requires org.internvl4j.parquet;
  requires transitive org.internvl4j.serving;
  requires transitive org.internvl4j.media;

  exports org.internvl4j.batch;
}
