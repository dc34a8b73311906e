/// The command line: one file a verb.
@org.jspecify.annotations.NullMarked
module org.internvl4j.cli {
  requires static org.jspecify;
  requires info.picocli;
  requires java.logging;
  requires jdk.management;
  requires org.apache.lucene.core; // for the graphs of search
  requires org.internvl4j;
  requires org.internvl4j.batch;
  requires org.internvl4j.demo;
  requires org.internvl4j.hub;
  requires org.internvl4j.server;
  requires org.internvl4j.media.pdf;
  requires org.internvl4j.media.video;
  requires org.internvl4j.search;
  requires org.jline;

  opens org.internvl4j.cli to
      info.picocli;
}
