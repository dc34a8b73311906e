package org.internvl4j.cli;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.internvl4j.loader.Digests;
import org.internvl4j.loader.SafeTensors;
import org.internvl4j.loader.SafeTensorsWriter;
import org.internvl4j.loader.WeightFormat;
import org.internvl4j.models.contrastive.ZeroShot;
import org.internvl4j.models.contrastive.ZeroShotPrompts;
import org.jspecify.annotations.Nullable;

/// Vectors of classes in a file: to read a thousand classes in eighty sentences each takes hours.
///
/// @param model whose text encoder made them
/// @param weights what its matrices were kept as
record ClassVectors(Path file, String model, WeightFormat weights, ZeroShotPrompts prompts) {
  private static final String TENSOR = "classes";

  /// Null if there is no file.
  ///
  /// @throws UsageException if it is of another model, other weights or other prompts
  @Nullable ZeroShot read() {
    if (!Files.exists(file)) {
      return null;
    }
    try (SafeTensors tensors = SafeTensors.open(file)) {
      if (!about().equals(tensors.metadata().getOrDefault("about", ""))) {
        throw new UsageException(
            file
                + ": holds classes of another model, other --weights or other sentences; name another file");
      }
      int width = Math.toIntExact(tensors.info(TENSOR).shape().getLast());
      float[] all =
          tensors
              .bytes(TENSOR)
              .toArray(ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN));
      List<float[]> vectors = new ArrayList<>();
      for (int at = 0; at + width <= all.length; at += width) {
        vectors.add(Arrays.copyOfRange(all, at, at + width));
      }
      return new ZeroShot(prompts.classes(), vectors);
    }
  }

  void write(ZeroShot made) throws IOException {
    int width = made.vectors().getFirst().length;
    float[] all = new float[made.vectors().size() * width];
    for (int i = 0; i < made.vectors().size(); i++) {
      System.arraycopy(made.vectors().get(i), 0, all, i * width, width);
    }
    new SafeTensorsWriter()
        .metadata("about", about())
        .add(TENSOR, all, made.vectors().size(), width)
        .write(file);
  }

  /// The model and a digest of all sentences.
  private String about() {
    MessageDigest digest = Digests.sha256();
    for (List<String> texts : List.of(prompts.classes(), prompts.templates())) {
      for (String text : texts) {
        digest.update((text + "\0").getBytes(StandardCharsets.UTF_8));
      }
      digest.update((byte) 1);
    }
    String how = weights == WeightFormat.STORED ? "" : " " + weights;
    return model + how + " " + HexFormat.of().formatHex(digest.digest());
  }
}
