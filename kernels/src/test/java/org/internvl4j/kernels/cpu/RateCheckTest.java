package org.internvl4j.kernels.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.regex.Pattern;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Device.Role;
import org.internvl4j.testkit.CpuTier;
import org.internvl4j.testkit.Effort;
import org.internvl4j.testkit.KernelCase;
import org.internvl4j.testkit.KernelCases;
import org.internvl4j.testkit.TensorAssert;
import org.internvl4j.testkit.Tolerance;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A kernel that the compilers leave slow is found out, and another computes the same in its place.
final class RateCheckTest {
  private static final long SECOND = 1_000_000_000L; // ns
  private static final Pattern MULTIPLIES =
      Pattern.compile("matMul|attention", Pattern.CASE_INSENSITIVE);

  private final RateCheck check = new RateCheck("one", "another");
  private final Lines log = new Lines();

  @AfterEach
  void stopListening() {
    log.close();
  }

  @Test
  void aCompiledKernelStays() {
    seconds(30, (long) (0.1 * Lanes.N * SECOND));
    assertThat(check.isSlow()).isFalse();
    assertThat(begin(0, 1)).as("nothing is measured any more").isZero();
  }

  @Test
  void aSlowKernelIsReplacedAndOneLineSaysSo() {
    seconds(30, SECOND / 100);
    assertThat(check.isSlow()).isTrue();
    assertThat(log.lines)
        .singleElement()
        .asString()
        .startsWith("cpu: one does 0.010 multiply-adds a nanosecond and thread, at least ")
        .contains("another stands in");
  }

  @Test
  void theTimeItTakesToCompileDoesNotCount() {
    seconds(10, 0);
    seconds(30, Lanes.N * SECOND);
    assertThat(check.isSlow()).isFalse();
  }

  @Test
  void smallSharesDoNotCount() {
    seconds(10, 0);
    check.end(System.nanoTime() - 2 * SECOND, (1 << 20) - 1);
    assertThat(check.isSlow()).isFalse();
    check.end(System.nanoTime() - 2 * SECOND, 1 << 20);
    assertThat(check.isSlow()).isTrue();
  }

  @Test
  void whatNoCompilerMakesIsNotTimed() {
    RateCheck none = RateCheck.none();
    none.add(20 * SECOND, 1);
    none.add(20 * SECOND, 1);
    assertThat(none.isSlow()).isFalse();
    assertThat(log.lines).isEmpty();
  }

  @Test
  void oneWorkerIsTimedAndNoneWhereTheyShareACore() {
    int cores = Runtime.getRuntime().availableProcessors();
    assertThat(begin(0, cores)).isNotZero();
    assertThat(begin(1, cores)).isZero();
    assertThat(begin(0, cores + 1)).isZero();
  }

  private long begin(int worker, int workers) {
    try (Share.Scratch scratch = new Share.Scratch();
        Share.Scratch common = new Share.Scratch()) {
      return check.begin(new Share(worker, workers, scratch, common));
    }
  }

  private void seconds(int count, long multiplyAdds) {
    for (int i = 0; i < count; i++) {
      check.add(SECOND, multiplyAdds);
    }
  }

  // ---- what stands in

  @ParameterizedTest
  @CsvSource({
    "TileBf16, RowBf16, 7, BF16",
    "RowBf16, TileBf16, 1, BF16",
    "TileF32, RowF32, 7, F32",
    "RowF32, TileF32, 1, F32"
  })
  void theSubstituteComputesTheSame(String slow, String substitute, int rows, DType dtype)
      throws ReflectiveOperationException {
    Assumptions.assumeFalse(Tier.chosen() == Tier.SCALAR, "plain loops have no substitutes");
    KernelCase product =
        new KernelCase(
            "matMul of " + rows + " rows with " + dtype,
            Tolerance.exact(),
            in -> in.activations(rows, 96).matMul(in.weight(dtype, Role.MATRIX, 70, 96), null));
    try (Device usual = Widths.open(Lanes.WIDEST, 2);
        Device slowed = Widths.open(Lanes.WIDEST, 2)) {
      slowDown(slowed, slow);
      TensorAssert.assertSameBits(product.name(), product.run(slowed), product.run(usual));
      assertThat(CpuTier.hasUsed(usual, slow)).isTrue();
      assertThat(CpuTier.hasUsed(usual, substitute)).isFalse();
      assertThat(CpuTier.hasUsed(slowed, slow)).isFalse();
      assertThat(CpuTier.hasUsed(slowed, substitute)).isTrue();
      String kind = dtype.name().toLowerCase(Locale.ROOT);
      for (KernelCase c : KernelCases.all()) {
        if (Effort.isWhole() || (MULTIPLIES.matcher(c.name()).find() && c.name().contains(kind))) {
          TensorAssert.assertSameBits(c.name(), c.run(slowed), c.run(usual));
        }
      }
    }
  }

  /// Adds work to the check of a kernel, of the classes of `device`, until it is found slow.
  private static void slowDown(Device device, String kernel) throws ReflectiveOperationException {
    ClassLoader loader = device.getClass().getClassLoader();
    String unrolled = kernel.endsWith("Bf16") ? "BF16" : "F32";
    Object check =
        call(field(loader, "Unrolled", unrolled), kernel.startsWith("Tile") ? "tiles" : "rows");
    Method add = check.getClass().getDeclaredMethod("add", long.class, long.class);
    add.setAccessible(true);
    add.invoke(check, 11 * SECOND, 0);
    add.invoke(check, 2 * SECOND, 0);
  }

  private static Object field(ClassLoader loader, String type, String name)
      throws ReflectiveOperationException {
    Class<?> owner = loader.loadClass("org.internvl4j.kernels.cpu." + type);
    Field field = owner.getDeclaredField(name);
    field.setAccessible(true);
    return field.get(null);
  }

  private static Object call(Object owner, String name) throws ReflectiveOperationException {
    Method method = owner.getClass().getDeclaredMethod(name);
    method.setAccessible(true);
    return method.invoke(owner);
  }

  /// What the checks log.
  private static final class Lines extends Handler {
    private final Logger logger = Logger.getLogger(RateCheck.class.getName());
    private final List<String> lines = new ArrayList<>();

    Lines() {
      logger.setUseParentHandlers(false);
      logger.addHandler(this);
    }

    @Override
    public void publish(LogRecord record) {
      lines.add(record.getMessage());
    }

    @Override
    public void flush() {}

    @Override
    public void close() {
      logger.removeHandler(this);
      logger.setUseParentHandlers(true);
    }
  }
}
