/// LangChain4j's chat, streaming and embedding models over the engine, in the application's
/// process.
@org.jspecify.annotations.NullMarked
module org.internvl4j.langchain4j {
  requires static org.jspecify;
  requires transitive org.internvl4j.serving;
  requires transitive org.internvl4j.media;
  requires transitive langchain4j.core;

  exports org.internvl4j.langchain4j;
}
