/// Pages of PDF files as pictures.
@org.jspecify.annotations.NullMarked
module org.internvl4j.media.pdf {
  requires static org.jspecify;
  requires transitive org.internvl4j.models;
  requires org.internvl4j.media;
  requires org.apache.pdfbox;
  requires org.apache.pdfbox.io;

  exports org.internvl4j.media.pdf;
}
