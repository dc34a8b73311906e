package org.internvl4j.hub;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import java.util.function.Predicate;
import org.internvl4j.hub.TestServer.Reply;
import org.internvl4j.hub.TestServer.Request;
import org.internvl4j.loader.ModelName;
import org.internvl4j.loader.json.JsonWriter;

/// A hub with one model, whose large files lie on another host; faults are thrown in by the test.
final class TestHub implements AutoCloseable {
  static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
  static final ModelName MODEL = new ModelName("acme", "Tiny-1B", ModelName.MAIN);

  /// A small division: pieces of 64 KiB, noted every 16.
  static final Download.Division DIVISION = new Download.Division(64 << 10, 16 << 10);

  /// What a fault makes of a reply, for as many requests as it says.
  private record Fault(Predicate<Request> where, int[] left, Function<Reply, Reply> fault) {}

  final TestServer hub;
  final TestServer store;
  final Map<String, byte[]> files = new LinkedHashMap<>();
  final Map<String, String> commits = new HashMap<>(Map.of(ModelName.MAIN, COMMIT));
  private final List<Fault> faults = new ArrayList<>();

  TestHub() throws IOException {
    hub = new TestServer(request -> faulty(request, ofHub(request)));
    store = new TestServer(request -> faulty(request, ofStore(request)));
  }

  /// A model as they are: small files in git, weights elsewhere, code that nobody wants.
  static TestHub withModel() throws IOException {
    TestHub test = new TestHub();
    test.files.put(".gitattributes", text("*.safetensors filter=lfs"));
    test.files.put("README.md", text("# Tiny"));
    test.files.put("config.json", text("{\"model_type\": \"internvl_chat\"}"));
    test.files.put("configuration.py", text("import os"));
    test.files.put("examples/image.jpg", bytes(1000, 1));
    test.files.put("model-00001-of-00002.safetensors", bytes(300_001, 2));
    test.files.put("model-00002-of-00002.safetensors", bytes(70_000, 3));
    test.files.put("model.safetensors.index.json", text("{\"weight_map\": {}}"));
    test.files.put("onnx/config.json", text("{}"));
    test.files.put("pytorch_model.bin", bytes(5000, 4));
    return test;
  }

  static byte[] text(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static byte[] bytes(int count, long seed) {
    byte[] bytes = new byte[count];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  static boolean isLarge(String path) {
    return path.endsWith(".safetensors") || path.endsWith(".bin");
  }

  /// What the client's layout calls a file's blob.
  static String hash(String path, byte[] content) {
    try {
      MessageDigest digest = MessageDigest.getInstance(isLarge(path) ? "SHA-256" : "SHA-1");
      if (!isLarge(path)) {
        digest.update(text("blob " + content.length + "\0"));
      }
      return HexFormat.of().formatHex(digest.digest(content));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  /// Settings for this hub, impatient.
  HubSettings settings(Path cache, String... more) {
    Map<String, String> environment = new HashMap<>();
    environment.put("HF_ENDPOINT", hub.address());
    environment.put("HF_HUB_CACHE", cache.toString());
    environment.put("no_proxy", "*");
    for (int i = 0; i < more.length; i += 2) {
      environment.put(more[i], more[i + 1]);
    }
    return impatient(HubSettings.of(environment, cache.resolve("home")));
  }

  static HubSettings impatient(HubSettings s) {
    return new HubSettings(
        s.endpoint(),
        s.token(),
        s.folders(),
        s.offline(),
        s.links(),
        s.proxies(),
        Duration.ofSeconds(20),
        Duration.ofMillis(1),
        DIVISION);
  }

  /// Makes something else of the replies to the next `times` requests of a kind.
  void fault(int times, Predicate<Request> where, Function<Reply, Reply> fault) {
    faults.add(new Fault(where, new int[] {times}, fault));
  }

  void heal() {
    faults.clear();
  }

  static Predicate<Request> to(String part) {
    return request -> request.path().contains(part);
  }

  private synchronized Reply faulty(Request request, Reply reply) {
    for (Fault fault : faults) {
      if (fault.left[0] > 0 && fault.where.test(request)) {
        fault.left[0]--;
        return fault.fault.apply(reply);
      }
    }
    return reply;
  }

  private Reply ofHub(Request request) {
    String api = "/api/models/" + MODEL.repository() + "/revision/";
    String path = request.path();
    if (path.startsWith(api)) {
      String commit = commits.get(path.substring(api.length()).replaceFirst("\\?.*", ""));
      return commit == null
          ? Reply.of(404, "X-Error-Code", "RevisionNotFound", "X-Error-Message", "Invalid rev id")
          : Reply.ok(text(listing(commit)));
    }
    String resolve = "/" + MODEL.repository() + "/resolve/" + COMMIT + "/";
    String file = path.startsWith(resolve) ? path.substring(resolve.length()) : "";
    byte[] content = files.get(file);
    if (content == null) {
      return Reply.of(401, "X-Error-Code", "RepoNotFound");
    }
    String hash = hash(file, content);
    return isLarge(file)
        ? Reply.of(
            302,
            "Location",
            store.address() + "/" + hash + "?sig=a%2Fb~c|d",
            "X-Linked-Etag",
            "\"" + hash + "\"",
            "X-Linked-Size",
            String.valueOf(content.length))
        : part(request, content).with("ETag", "W/\"" + hash + "\"");
  }

  private Reply ofStore(Request request) {
    return files.entrySet().stream()
        .filter(file -> request.path().contains(hash(file.getKey(), file.getValue())))
        .findFirst()
        .map(file -> part(request, file.getValue()))
        .orElse(Reply.of(404));
  }

  private static Reply part(Request request, byte[] content) {
    int from = request.from();
    if (from < 0) {
      return Reply.ok(content);
    }
    int last = request.last(content.length);
    Reply all = Reply.ok(Arrays.copyOfRange(content, from, last + 1));
    return new Reply(206, all.headers(), all.body(), all.declared(), all.sent(), null)
        .with("Content-Range", "bytes %d-%d/%d".formatted(from, last, content.length));
  }

  /// What `?blobs=true` answers.
  String listing(String commit) {
    JsonWriter json = new JsonWriter().object().field("sha", commit).array("siblings");
    files.forEach((path, content) -> {
      json.object().field("rfilename", path).field("size", content.length);
      if (isLarge(path)) {
        json.field("blobId", "f".repeat(40))
            .object("lfs")
            .field("sha256", hash(path, content))
            .field("size", content.length)
            .end();
      } else {
        json.field("blobId", hash(path, content));
      }
      json.end();
    });
    return json.end().end().toString();
  }

  @Override
  public void close() throws IOException {
    hub.close();
    store.close();
  }
}
