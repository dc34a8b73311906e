/// What tests and benchmarks share: kernel cases, tolerances, fixtures. Never shipped.
@org.jspecify.annotations.NullMarked
module org.internvl4j.testkit {
  requires static org.jspecify;
  requires transitive org.internvl4j.runtime;
  requires transitive org.internvl4j.loader;

  exports org.internvl4j.testkit;
}
