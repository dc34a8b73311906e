package org.internvl4j.bench;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.internvl4j.models.constraint.Constraint;
import org.internvl4j.models.constraint.Cursor;
import org.internvl4j.models.constraint.TokenTrie;
import org.internvl4j.models.text.Tokenizer;
import org.internvl4j.models.text.Tokenizers;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// What it costs to hold a token to a schema: the set of those that may come, and taking one of
/// them. One call is one token; an answer that is over is followed by the next, on a new cursor,
/// which knows nothing yet. The vocabulary is random words, as many as Qwen2 has.
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 2, time = 5)
@Measurement(iterations = 3, time = 5)
@Fork(1)
@State(Scope.Thread)
public class MaskBenchmark {
  private static final int SIZE = 151_674;
  private static final int MAX_TOKENS = 300;

  /// `record` is an object of seven properties, `bounded` a string of at most 400 characters, `any`
  /// any JSON object.
  @Param({"record", "bounded", "any"})
  public String schema = "";

  private final Random random = new Random(9);
  private final long[] times = new long[1 << 20];
  private int count;
  private TokenTrie tokens = TokenTrie.of(vocabulary(), SIZE);
  private Constraint constraint = Constraint.json();
  private Cursor cursor = constraint.cursor(tokens, SIZE - 1);
  private int length;

  private static Constraint constraint(String schema) {
    return switch (schema) {
      case "any" -> Constraint.json();
      case "bounded" -> Constraint.schema("{\"type\":\"string\",\"maxLength\":400}");
      default ->
          Constraint.schema(
              """
              {"type":"object","additionalProperties":false,
               "required":["title","kind","count","box","lines","note"],
               "properties":{
                 "title":{"type":"string","maxLength":80},
                 "kind":{"enum":["invoice","receipt","letter","other"]},
                 "count":{"type":"integer","minimum":0,"maximum":5000},
                 "box":{"type":"array","items":{"type":"integer","minimum":0,"maximum":1000},
                   "minItems":4,"maxItems":4},
                 "lines":{"type":"array","items":{"type":"object","required":["text","price"],
                   "properties":{"text":{"type":"string"},
                     "price":{"type":["number","null"],"minimum":0}}}},
                 "date":{"type":"string","format":"date"},
                 "note":{"anyOf":[{"type":"null"},{"type":"string","pattern":"^[A-Z].*$"}]}}}
              """);
    };
  }

  @Setup(Level.Trial)
  public void make() {
    constraint = constraint(schema);
    cursor = constraint.cursor(tokens, SIZE - 1);
  }

  @Setup(Level.Iteration)
  public void forget() {
    count = 0;
  }

  @Benchmark
  public int token() {
    long start = System.nanoTime();
    if (cursor.ended() || length == MAX_TOKENS) {
      cursor = constraint.cursor(tokens, SIZE - 1);
      length = 0;
    }
    long[] allowed = cursor.allowed();
    int id = choose(allowed);
    cursor.accept(id);
    length++;
    times[count++ & (times.length - 1)] = System.nanoTime() - start;
    return id;
  }

  /// Says what a mean hides.
  @TearDown(Level.Iteration)
  public void report() {
    int n = Math.min(count, times.length);
    long[] sorted = Arrays.copyOf(times, n);
    Arrays.sort(sorted);
    System.out.printf(
        "%n%d tokens: median %.1f us, p99 %.1f us, max %.1f us%n",
        n, sorted[n / 2] / 1e3, sorted[n - 1 - n / 100] / 1e3, sorted[n - 1] / 1e3);
  }

  /// Any allowed one: the first behind a random place.
  private int choose(long[] allowed) {
    int at = random.nextInt(allowed.length);
    while (allowed[at] == 0) {
      at = at + 1 == allowed.length ? 0 : at + 1;
    }
    long word = allowed[at];
    int skip = random.nextInt(Long.bitCount(word));
    for (; skip > 0; skip--) {
      word &= word - 1;
    }
    return at * 64 + Long.numberOfTrailingZeros(word);
  }

  /// A byte-level tokenizer of random words that look like a real one's: most begin with a space.
  private static Tokenizer vocabulary() {
    Random random = new Random(7);
    Map<String, Integer> words = new LinkedHashMap<>();
    StringBuilder json = new StringBuilder("{");
    Set<String> seen = new HashSet<>();
    for (int b = 0; b < 256; b++) {
      add(String.valueOf(byteCharacter(b)), seen, words);
    }
    while (words.size() < SIZE - 1) {
      StringBuilder word = new StringBuilder(random.nextInt(5) < 2 ? "" : "Ġ");
      if (random.nextInt(6) == 0) {
        for (byte b :
            Character.toString(0x4E00 + random.nextInt(20_000))
                .repeat(1 + random.nextInt(3))
                .getBytes(StandardCharsets.UTF_8)) {
          word.append(byteCharacter(b & 0xFF));
        }
      } else if (random.nextInt(12) == 0) {
        int length = 1 + random.nextInt(4);
        for (int i = 0; i < length; i++) {
          word.append("\"'{}[]():,.;=<>/\\-_!?#$%&*+".charAt(random.nextInt(27)));
        }
      } else {
        int length = 2 + random.nextInt(8);
        for (int i = 0; i < length; i++) {
          double letter = Math.abs(random.nextGaussian()) * 7;
          word.append("etaoinshrdlcumwfgypbvkjxqz".charAt((int) Math.min(letter, 25)));
        }
      }
      add(word.toString(), seen, words);
    }
    words.forEach((word, id) ->
        json.append(id == 0 ? "" : ",")
            .append('"')
            .append(word.replace("\\", "\\\\").replace("\"", "\\\""))
            .append("\":")
            .append(id));
    json.append('}');
    byte[] vocabulary = json.toString().getBytes(StandardCharsets.UTF_8);
    byte[] config = "{\"tokenizer_class\":\"Qwen2Tokenizer\"}".getBytes(StandardCharsets.UTF_8);
    return Tokenizers.load(file ->
        switch (file) {
          case "vocab.json" -> vocabulary;
          case "merges.txt" -> new byte[0];
          case "tokenizer_config.json" -> config;
          default -> null;
        });
  }

  private static void add(String word, Set<String> seen, Map<String, Integer> words) {
    if (seen.add(word)) {
      words.put(word, words.size());
    }
  }

  /// The character that stands for a byte in byte-level vocabularies.
  private static char byteCharacter(int b) {
    if ((b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174) {
      return (char) b;
    }
    int spare = b <= 32 ? b : b <= 160 ? b - 127 + 33 : 67;
    return (char) (0x100 + spare);
  }
}
