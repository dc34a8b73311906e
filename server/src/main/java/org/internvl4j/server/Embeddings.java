package org.internvl4j.server;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.OptionalInt;
import org.internvl4j.loader.json.Json;
import org.internvl4j.loader.json.JsonWriter;
import org.internvl4j.models.Question;
import org.internvl4j.models.Question.Image;
import org.internvl4j.serving.Reply;

/// `POST /v1/embeddings`: what texts and pictures are about, in the space of the decoder's last
/// states ([org.internvl4j.models.Session#prepareEmbedding]).
final class Embeddings implements Route.Action {
  private static final int MOST_INPUTS = 256;

  private final Service service;

  Embeddings(Service service) {
    this.service = service;
  }

  /// What was read.
  ///
  /// @param vectors in the order of the inputs
  /// @param tokens of all of them
  record Read(List<float[]> vectors, int tokens) {}

  static List<Route> routes(Service service) {
    return List.of(
        new Route("POST", "/v1/embeddings", Dialect.OPENAI, false, new Embeddings(service)));
  }

  @Override
  public void answer(Exchange exchange) throws IOException, InterruptedException {
    Json json = exchange.json();
    boolean isBase64 = Fields.read(() -> isBase64(json));
    List<Question> inputs = Fields.read(() -> inputs(service, exchange, json));
    Read read = read(service, json.at("input"), inputs, false, exchange);
    JsonWriter out = new JsonWriter().object().field("object", "list").array("data");
    for (int i = 0; i < inputs.size(); i++) {
      out.object().field("object", "embedding").field("index", i);
      if (isBase64) {
        out.field("embedding", base64(read.vectors().get(i)));
      } else {
        vector(out.array("embedding"), read.vectors().get(i)).end();
      }
      out.end();
    }
    out.end().field("model", service.name()).object("usage");
    out.field("prompt_tokens", read.tokens()).field("total_tokens", read.tokens()).end();
    exchange.json(200, out.end().toString());
  }

  private static boolean isBase64(Json json) {
    Json format = json.find("encoding_format");
    if (format == null) {
      return false;
    }
    return switch (format.asText()) {
      case "float" -> false;
      case "base64" -> true;
      default -> throw Fields.wrong(format, "float or base64");
    };
  }

  /// A text, a list of texts, or of objects `{"text": …, "image": …}` of which each has one or
  /// both.
  static List<Question> inputs(Service service, Exchange exchange, Json json) {
    service.requireModel(json);
    Json dimensions = json.find("dimensions");
    int length = service.model().config().language().hiddenSize();
    if (dimensions != null && Fields.cut(dimensions) != length) {
      throw Fields.wrong(dimensions, length + ", the length of this model's vectors");
    }
    Json input = json.at("input");
    List<Json> items = input instanceof Json.Arr(List<Json> all, _) ? all : List.of(input);
    if (items.isEmpty() || items.size() > MOST_INPUTS) {
      throw Fields.wrong(input, "1 to " + MOST_INPUTS + " inputs");
    }
    PictureLoader pictures = service.pictures(exchange);
    return items.stream().map(item -> input(pictures, item)).toList();
  }

  private static Question input(PictureLoader pictures, Json item) {
    if (item instanceof Json.Str(String text, _)) {
      return Question.of(text);
    }
    if (item instanceof Json.Num) {
      throw Fields.wrong(item, "a text: this server takes no tokens");
    }
    Json image = item.find("image");
    List<Image> images =
        image == null
            ? List.of()
            : List.of(Fields.of(image, () -> new Image.Whole(pictures.base64(image.asText()))));
    return new Question(item.getText("text", ""), images, OptionalInt.empty(), List.of());
  }

  /// Reads all inputs, as turns allow.
  ///
  /// @param field where they stand
  /// @param cuts whether the ends of texts that are too long are left out
  static Read read(
      Service service, Json field, List<Question> inputs, boolean cuts, Exchange exchange)
      throws IOException, InterruptedException {
    List<float[]> vectors = new ArrayList<>();
    int[] tokens = new int[1];
    for (Question input : inputs) {
      try (Replies one = Fields.of(field, () -> service.embed(exchange, input, cuts))) {
        one.hear(
            new Replies.Listener() {
              @Override
              public void hear(int index, Reply.Event event) {
                if (event instanceof Reply.Done(var answer, float[] vector, _)) {
                  vectors.add(vector);
                  tokens[0] += answer.usage().promptTokens();
                }
              }

              @Override
              public void idle() throws IOException {
                exchange.requireClient();
              }
            });
      }
    }
    return new Read(vectors, tokens[0]);
  }

  static JsonWriter vector(JsonWriter out, float[] vector) {
    for (float value : vector) {
      out.value(value);
    }
    return out;
  }

  /// Little-endian floats.
  private static String base64(float[] vector) {
    ByteBuffer bytes =
        ByteBuffer.allocate(vector.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(vector);
    return Base64.getEncoder().encodeToString(bytes.array());
  }
}
