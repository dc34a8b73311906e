/// Tables in files of Apache Parquet: written and read, a row at a time.
@org.jspecify.annotations.NullMarked
module org.internvl4j.parquet {
  requires static org.jspecify;

  exports org.internvl4j.parquet;
}
