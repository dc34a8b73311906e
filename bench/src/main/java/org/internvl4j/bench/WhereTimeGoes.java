package org.internvl4j.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.internvl4j.loader.json.JsonWriter;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Devices;
import org.internvl4j.testkit.ShapedCheckpoint;

/// Where the time of a token, a prompt and a tile goes, kernel by kernel: the median of some runs
/// on a [TimedDevice].
///
/// `java … org.internvl4j.bench.WhereTimeGoes MODEL token-bf16|token-q8|token-q4|prompt|tile …
/// [--json FILE]`
public final class WhereTimeGoes {
  private static final int PROMPT = 512;
  private static final int SHORT = 64;

  private final ShapedCheckpoint.Model model;

  private WhereTimeGoes(ShapedCheckpoint.Model model) {
    this.model = model;
  }

  public static void main(String[] args) throws IOException {
    List<String> pieces = new ArrayList<>(List.of(args).subList(1, args.length));
    Path file = null;
    int json = pieces.indexOf("--json");
    if (json >= 0) {
      file = Path.of(pieces.remove(json + 1));
      pieces.remove(json);
    }
    WhereTimeGoes here = new WhereTimeGoes(ShapedCheckpoint.Model.valueOf(args[0]));
    JsonWriter writer = new JsonWriter().array();
    for (String piece : pieces) {
      Breakdown breakdown = here.measure(piece);
      print(breakdown, System.out);
      breakdown.write(writer);
    }
    if (file != null) {
      Files.writeString(file, writer.end().toString(), StandardCharsets.UTF_8);
    }
  }

  private static void print(Breakdown breakdown, PrintStream out) {
    out.printf(Locale.ROOT, "%s: %.2f ms%n", breakdown.what(), breakdown.wallMillis());
    breakdown
        .kernelMillis()
        .forEach((kernel, millis) -> out.printf(Locale.ROOT, "  %9.3f ms  %s%n", millis, kernel));
    out.printf(Locale.ROOT, "  %9.3f ms  between kernels%n", breakdown.betweenMillis());
  }

  private Breakdown measure(String piece) {
    boolean token = piece.startsWith("token-");
    DType weights = token ? DType.valueOf(piece.substring(6).toUpperCase(Locale.ROOT)) : DType.BF16;
    TimedDevice timed = new TimedDevice(Devices.open("cpu", 0));
    Device device = timed.device();
    try (OwnEngine engine = new OwnEngine(ShapedModels.folder(model), weights, device)) {
      if (token) {
        return token(piece, weights, engine, timed);
      }
      if (piece.equals("prompt")) {
        int[] ids = Speaker.prompt(PROMPT);
        return median(
            piece, "a prompt of " + PROMPT + " tokens", 4, timed, () -> engine.prefill(ids));
      }
      if (piece.equals("tile")) {
        try (Tile tile = new Tile(engine)) {
          return median(piece, "a tile", 3, timed, tile::see);
        }
      }
      throw new IllegalArgumentException("bench: no piece of work is called " + piece);
    }
  }

  private Breakdown token(String piece, DType weights, OwnEngine engine, TimedDevice timed) {
    int[] said = {engine.prefill(Speaker.prompt(SHORT))};
    return median(
        piece,
        "a token, " + weights,
        120,
        timed,
        () -> {
          said[0] = engine.next(said[0]);
        });
  }

  /// The first half of the runs is for warming up.
  private Breakdown median(String piece, String what, int runs, TimedDevice timed, Runnable work) {
    List<Double> walls = new ArrayList<>();
    Map<String, List<Double>> kernels = new HashMap<>();
    for (int i = 0; i < runs; i++) {
      timed.reset();
      long start = System.nanoTime();
      work.run();
      double wall = (System.nanoTime() - start) * 1e-6;
      if (i >= runs / 2) {
        walls.add(wall);
        timed
            .nanos()
            .forEach((kernel, nanos) ->
                kernels.computeIfAbsent(kernel, k -> new ArrayList<>()).add(nanos * 1e-6));
      }
    }
    Map<String, Double> medians = new HashMap<>();
    kernels.forEach((kernel, times) -> medians.put(kernel, median(times)));
    return new Breakdown(
        model + ", " + what, Commands.whereTimeGoes(model, piece), median(walls), medians);
  }

  private static double median(List<Double> values) {
    return Measurement.median(values.stream().mapToDouble(x -> x).toArray());
  }
}
