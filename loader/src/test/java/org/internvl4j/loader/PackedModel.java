package org.internvl4j.loader;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.internvl4j.loader.Weights.Part;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;

/// A small model on disk, opened as models are, whose every matrix is compared with what it must
/// be.
final class PackedModel {
  static final int MATRICES = 6;

  private PackedModel() {}

  /// Writes a model.
  static Path write(Path folder, long seed) throws IOException {
    Files.createDirectories(folder);
    Files.writeString(folder.resolve("config.json"), "{}");
    new SafeTensorsWriter()
        .add("norm", DType.BF16, values(16, seed), 16)
        .add("vit.filters", DType.BF16, values(12 * 5, seed + 1), 5, 3, 2, 2)
        .add("llm.qkv", DType.BF16, values(96 * 64, seed + 2), 96, 64)
        .add("llm.gate.weight", DType.BF16, values(3 * 64, seed + 4), 3, 64)
        .add("llm.up.weight", DType.BF16, values(2 * 64, seed + 5), 2, 64)
        .add("llm.down", DType.BF16, values(64 * 40, seed + 3), 40, 64)
        .write(folder.resolve("model.safetensors"));
    return folder;
  }

  private static float[] values(int n, long seed) {
    Random random = new Random(seed);
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  static CachePolicy policy(Path user) {
    return new CachePolicy(true, 0, user);
  }

  /// Opens the model, compares all of it, closes it.
  ///
  /// @return how many matrices were prepared for that
  static int use(Path folder, Path user, WeightFormat format) {
    PackingDevice device = new PackingDevice();
    try (Checkpoint checkpoint = Checkpoint.open(folder);
        PackedStore store = open(checkpoint, device, user, format);
        Workspace model = new Workspace(device, "model")) {
      load(checkpoint, device, store, model, format);
      store.finish();
    }
    return device.prepared;
  }

  static PackedStore open(
      Checkpoint checkpoint, PackingDevice device, Path user, WeightFormat format) {
    return PackedStore.open(checkpoint, device, format, policy(user), 2, LoadListener.NONE);
  }

  /// Asks for every matrix and compares it.
  static List<Tensor> load(
      Checkpoint checkpoint,
      PackingDevice device,
      PackedStore store,
      Workspace model,
      WeightFormat format) {
    Weights w = Weights.of(checkpoint, model, store);
    Weights llm = w.at("llm").keeping(format);
    List<Tensor> all = new ArrayList<>();
    all.add(same(w.filters("vit.filters", 5, 3, 2, 2), w, "vit.filters", 0, 60, DType.BF16));
    DType keep = format.keep(DType.BF16);
    all.add(same(llm.matrix("down", 40, 64), w, "llm.down", 0, 40 * 64, keep));
    all.add(same(llm.rows("qkv", 96, 64, 0, 32), w, "llm.qkv", 0, 32 * 64, keep));
    all.add(same(llm.rows("qkv", 96, 64, 64, 32), w, "llm.qkv", 64 * 64, 32 * 64, keep));
    int[] order = {40, 41, 42};
    all.add(same(llm.rows("qkv", 96, 64, order), w, "llm.qkv", 40 * 64, 3 * 64, keep));
    List<Part> parts = List.of(new Part("gate", 3), new Part("up", 2));
    byte[] gate = stored(w, "llm.gate.weight", 0, 3 * 64);
    byte[] up = stored(w, "llm.up.weight", 0, 2 * 64);
    all.add(same(llm.matrix("weight", 64, parts), below(gate, up), keep));
    return all;
  }

  private static Tensor same(
      Tensor found, Weights w, String stored, int from, int count, DType keep) {
    return same(found, stored(w, stored, from, count), keep);
  }

  private static byte[] stored(Weights w, String name, int from, int count) {
    int bytes = DType.BF16.bytes();
    byte[] all = w.checkpoint().bytes(name).toArray(ValueLayout.JAVA_BYTE);
    return Arrays.copyOfRange(all, from * bytes, (from + count) * bytes);
  }

  private static byte[] below(byte[] above, byte[] below) {
    byte[] both = Arrays.copyOf(above, above.length + below.length);
    System.arraycopy(below, 0, both, above.length, below.length);
    return both;
  }

  private static Tensor same(Tensor found, byte[] bytes, DType keep) {
    assertThat(found.isPacked()).isTrue();
    assertThat(found.dtype()).isEqualTo(keep);
    assertThat(PackingDevice.bytes(found)).isEqualTo(PackingDevice.pack(bytes, keep));
    return found;
  }

  /// The only file of the cache beside the model.
  static Path file(Path folder, WeightFormat format) {
    return folder.resolve(".internvl4j").resolve(PackingDevice.PACKING + "-" + format + ".bin");
  }
}
