/// The one module that applications require: models, pictures, and the CPU kernels beneath them.
@org.jspecify.annotations.NullMarked
module org.internvl4j {
  requires static org.jspecify;
  requires transitive org.internvl4j.models;
  requires transitive org.internvl4j.media;
}
