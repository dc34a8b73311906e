package org.internvl4j.testkit;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.DeviceException;
import org.internvl4j.runtime.DeviceProvider;
import org.jspecify.annotations.Nullable;

/// The `cpu` device with vectors of one width, beside those of other widths in one JVM: the width
/// is fixed when the kernels' classes are initialised, so each width gets classes of its own.
///
/// Tests that list the providers below in `META-INF/services` open whole models on `cpu-0`,
/// `cpu-128`, `cpu-256` and `cpu-512`.
///
/// @param bits 0 is plain loops
public record CpuTier(int bits) {
  /// All of them, the plainest first.
  public static final List<CpuTier> ALL =
      List.of(new CpuTier(0), new CpuTier(128), new CpuTier(256), new CpuTier(512));

  private static final String BITS = "internvl4j.vector.bits";
  private static final String EMULATED = "internvl4j.vector.emulated";
  private static final Map<Integer, DeviceProvider> SHARED = new HashMap<>();

  /// The name of its device.
  public String device() {
    return "cpu-" + bits;
  }

  /// Whether this machine's vectors are as wide. Wider ones are computed by Java, element by
  /// element, which takes some hundred times as long.
  public boolean isNative() {
    try (Device device = open(shared(), 1, false)) {
      return device.name().equals("cpu");
    } catch (DeviceException e) {
      return false;
    }
  }

  /// Opens the device; the caller closes it.
  ///
  /// @param threads how many threads may compute; 0 for as many as there are cores
  public Device open(int threads) {
    return open(shared(), threads, true);
  }

  /// Opens the device with classes that nothing has compiled yet; the caller closes it.
  public Device openAfresh(int threads) {
    return open(new Kernels().provider(), threads, true);
  }

  private DeviceProvider shared() {
    synchronized (SHARED) {
      return SHARED.computeIfAbsent(bits, b -> new Kernels().provider());
    }
  }

  /// Whether a device of [#openAfresh] has run anything of a class of its package.
  public static boolean hasUsed(Device device, String simpleName) {
    return ((Kernels) device.getClass().getClassLoader()).hasLoaded(simpleName);
  }

  private Device open(DeviceProvider provider, int threads, boolean emulated) {
    synchronized (SHARED) {
      String bitsBefore = System.getProperty(BITS);
      System.setProperty(BITS, Integer.toString(bits));
      System.setProperty(EMULATED, Boolean.toString(emulated));
      try {
        return provider.open(threads);
      } finally {
        System.clearProperty(EMULATED);
        restore(bitsBefore);
      }
    }
  }

  private static void restore(@Nullable String bits) {
    if (bits == null) {
      System.clearProperty(BITS);
    } else {
      System.setProperty(BITS, bits);
    }
  }

  @Override
  public String toString() {
    return device();
  }

  /// Defines the kernels' classes again, and takes all others from the ordinary loader.
  private static final class Kernels extends ClassLoader {
    private static final String PACKAGE = "org.internvl4j.kernels.cpu.";

    Kernels() {
      super(CpuTier.class.getClassLoader());
    }

    DeviceProvider provider() {
      try {
        Class<?> provider = loadClass(PACKAGE + "CpuProvider");
        return (DeviceProvider) provider.getConstructor().newInstance();
      } catch (ReflectiveOperationException e) {
        throw new LinkageError("testkit: put internvl4j-kernels on the class path", e);
      }
    }

    boolean hasLoaded(String simpleName) {
      return findLoadedClass(PACKAGE + simpleName) != null;
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (!name.startsWith(PACKAGE)) {
        return super.loadClass(name, resolve);
      }
      synchronized (getClassLoadingLock(name)) {
        Class<?> loaded = findLoadedClass(name);
        return loaded == null ? define(name) : loaded;
      }
    }

    private Class<?> define(String name) throws ClassNotFoundException {
      try (InputStream in = getResourceAsStream(name.replace('.', '/') + ".class")) {
        if (in == null) {
          throw new ClassNotFoundException(name);
        }
        byte[] bytes = in.readAllBytes();
        return defineClass(name, bytes, 0, bytes.length);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  // ---- for META-INF/services

  /// Offers a tier by its name; `auto` never takes it.
  abstract static class Provider implements DeviceProvider {
    private final CpuTier tier;

    Provider(int bits) {
      tier = new CpuTier(bits);
    }

    @Override
    public String name() {
      return tier.device();
    }

    @Override
    public int preference() {
      return -1;
    }

    @Override
    public @Nullable String unavailable() {
      return null;
    }

    @Override
    public Device open(int threads) {
      return tier.open(threads);
    }
  }

  /// `cpu-0`: plain loops.
  public static final class Plain extends Provider {
    public Plain() {
      super(0);
    }
  }

  /// `cpu-128`.
  public static final class Narrow extends Provider {
    public Narrow() {
      super(128);
    }
  }

  /// `cpu-256`.
  public static final class Medium extends Provider {
    public Medium() {
      super(256);
    }
  }

  /// `cpu-512`.
  public static final class Wide extends Provider {
    public Wide() {
      super(512);
    }
  }
}
