package org.internvl4j.kernels.cpu;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.DeviceProvider;

/// Opens the `cpu` device with vectors of any width in one JVM: the width is fixed when the
/// kernels' classes are initialised, so each width gets classes of its own.
final class Widths {
  /// 0 is plain loops.
  static final int[] ALL = {0, 128, 256, 512};

  private Widths() {}

  /// Whether this machine has vectors that wide.
  static boolean available(int bits) {
    return bits <= Lanes.WIDEST;
  }

  static Device open(int bits, int threads) {
    String property = "internvl4j.vector.bits";
    String before = System.getProperty(property);
    System.setProperty(property, Integer.toString(bits));
    try {
      Class<?> provider = new Isolated().loadClass(CpuProvider.class.getName());
      return ((DeviceProvider) provider.getConstructor().newInstance()).open(threads);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError(e.getMessage(), e);
    } finally {
      if (before == null) {
        System.clearProperty(property);
      } else {
        System.setProperty(property, before);
      }
    }
  }

  /// Defines the kernels' classes again, and takes all others from the ordinary loader.
  private static final class Isolated extends ClassLoader {
    private static final String KERNELS = CpuProvider.class.getPackageName() + ".";

    Isolated() {
      super(CpuProvider.class.getClassLoader());
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (!name.startsWith(KERNELS)) {
        return super.loadClass(name, resolve);
      }
      synchronized (getClassLoadingLock(name)) {
        Class<?> loaded = findLoadedClass(name);
        return loaded == null ? define(name) : loaded;
      }
    }

    private Class<?> define(String name) throws ClassNotFoundException {
      String file = name.replace('.', '/') + ".class";
      try (InputStream in = getParent().getResourceAsStream(file)) {
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
}
