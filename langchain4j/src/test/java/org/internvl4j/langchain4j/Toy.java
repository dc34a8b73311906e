package org.internvl4j.langchain4j;

import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.model.embedding.common.AbstractEmbeddingModelIT;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Base64;
import java.util.Objects;
import org.internvl4j.demo.DemoModel;
import org.internvl4j.models.OpenOptions;
import org.internvl4j.models.VisionLanguageModel;
import org.internvl4j.serving.Engine;
import org.internvl4j.serving.EngineListener;
import org.internvl4j.serving.EngineOptions;

/// The demo model, one for all tests of this module, and an engine over it.
final class Toy {
  static final String WHO = "Hello, who are you?";
  static final String WHO_ANSWER =
      "Hello! I am the InternVL4J demo model, a tiny InternVL that describes pictures of simple"
          + " shapes.";
  static final String SHAPES_ANSWER =
      "The image shows 3 shapes: a small green diamond on the left, a large orange square on the"
          + " right and a small blue circle at the bottom right.";

  static final VisionLanguageModel MODEL =
      VisionLanguageModel.open(
          DemoModel.checkpoint(), OpenOptions.DEFAULT.withDevice("cpu").withoutCache());
  static final Engine ENGINE = new Engine(MODEL, EngineOptions.DEFAULT, EngineListener.NONE);

  private Toy() {}

  static InternVlModelBuilder<InternVlChatModel> chat() {
    return InternVlChatModel.builder().engine(ENGINE, MODEL.name());
  }

  static InternVlModelBuilder<InternVlStreamingChatModel> streaming() {
    return InternVlStreamingChatModel.builder().engine(ENGINE, MODEL.name());
  }

  /// One that does not answer any longer.
  static Engine closedEngine() {
    Engine closed = new Engine(MODEL, EngineOptions.DEFAULT, EngineListener.NONE);
    closed.close();
    return closed;
  }

  /// A picture of the demo: `shapes`.
  static ImageContent picture(String name) {
    return ImageContent.from(
        Base64.getEncoder().encodeToString(bytes(DemoModel.class, "samples/" + name + ".png")),
        "image/png");
  }

  /// The picture of LangChain4j's own tests, which is fetched by none of ours.
  static byte[] cat() {
    return bytes(AbstractEmbeddingModelIT.class, "/images/cat.jpg");
  }

  static ImageContent catImage() {
    return ImageContent.from(Base64.getEncoder().encodeToString(cat()), "image/jpeg");
  }

  static byte[] bytes(Class<?> beside, String resource) {
    try (InputStream in = Objects.requireNonNull(beside.getResourceAsStream(resource))) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
