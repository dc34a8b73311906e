package org.internvl4j.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.AddressLayout;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.internvl4j.testkit.Fixtures;
import org.junit.jupiter.api.Test;

/// GraalVM's native-image makes code for the calls out of Java that it is told of: those of the
/// driver's and cublasLt's tables, in a file that `-Dinternvl4j.docs=write` writes.
class NativeImageTest {
  private static final String FILE =
      "kernels/src/main/resources/META-INF/native-image/org.internvl4j/internvl4j-kernels/reachability-metadata.json";

  @Test
  void knowsEveryCall() throws IOException {
    String calls =
        Stream.concat(
                CudaFunctions.TYPES.values().stream(), CublasLtFunctions.TYPES.values().stream())
            .map(NativeImageTest::call)
            .distinct()
            .sorted()
            .collect(Collectors.joining(",\n"));
    String expected = "{\"foreign\": {\"downcalls\": [\n" + calls + "\n]}}\n";
    Path file = Fixtures.home().resolve(FILE);
    if ("write".equals(System.getProperty("internvl4j.docs"))) {
      Files.createDirectories(file.getParent());
      Files.writeString(file, expected);
    }
    assertThat(Files.readString(file)).isEqualTo(expected);
  }

  private static String call(FunctionDescriptor type) {
    return "  {\"returnType\": %s, \"parameterTypes\": [%s]}"
        .formatted(
            type.returnLayout().map(NativeImageTest::name).orElse("\"void\""),
            type.argumentLayouts().stream()
                .map(NativeImageTest::name)
                .collect(Collectors.joining(", ")));
  }

  private static String name(MemoryLayout layout) {
    return layout instanceof AddressLayout
        ? "\"void*\""
        : "\"j" + ((ValueLayout) layout).carrier().getName() + "\"";
  }
}
