/// InternVL: vision tower, decoders, tokenizers, preprocessing, chat.
@org.jspecify.annotations.NullMarked
module org.internvl4j.models {
  requires static org.jspecify;
  requires transitive org.internvl4j.runtime;
  requires transitive org.internvl4j.loader;

  exports org.internvl4j.models;
  exports org.internvl4j.models.constraint;
  exports org.internvl4j.models.contrastive;
  exports org.internvl4j.models.grounding;
  exports org.internvl4j.models.heads;
  exports org.internvl4j.models.image;
  exports org.internvl4j.models.internvl;
  exports org.internvl4j.models.nn;
  exports org.internvl4j.models.text;
}
