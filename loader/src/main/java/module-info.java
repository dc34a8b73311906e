/// Checkpoints: safetensors files and those of `torch.save`, their folders and the weights in them.
@org.jspecify.annotations.NullMarked
module org.internvl4j.loader {
  requires static org.jspecify;
  requires transitive org.internvl4j.runtime;
  requires tools.jackson.core;

  exports org.internvl4j.loader;
  exports org.internvl4j.loader.json;
  exports org.internvl4j.loader.quantised;
}
