package org.internvl4j.bench;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.LinkedHashMap;
import java.util.Map;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Kernels;
import org.internvl4j.runtime.Memory;
import org.internvl4j.runtime.Tensor;
import org.jspecify.annotations.Nullable;

/// A device that computes as another one does, and keeps a clock on every kernel: where the time of
/// a token goes.
///
/// Made of proxies, so that a new kernel is timed without a line here. A call costs some hundred
/// nanoseconds more than without; kernels that a device would put together are called one by one.
final class TimedDevice {
  private final Device device;
  private final Kernels kernels;
  private final Device timed;
  private final Map<String, Long> nanos = new LinkedHashMap<>();

  TimedDevice(Device device) {
    this.device = device;
    this.kernels = proxy(Kernels.class, this::kernel);
    this.timed = proxy(Device.class, this::device);
  }

  /// The device to compute on.
  Device device() {
    return timed;
  }

  /// Forgets what was measured.
  void reset() {
    nanos.clear();
  }

  /// Nanoseconds in each kernel; products are told apart by their weights: `matMul 896 → 4864`.
  Map<String, Long> nanos() {
    return Map.copyOf(nanos);
  }

  @FunctionalInterface
  private interface Call {
    @Nullable Object on(Method method, Object[] arguments) throws Throwable;
  }

  private static <T> T proxy(Class<T> type, Call call) {
    Object[] none = {};
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (self, method, arguments) -> call.on(method, arguments == null ? none : arguments)));
  }

  private @Nullable Object kernel(Method method, Object[] arguments) throws Throwable {
    long start = System.nanoTime();
    invoke(method, device.kernels(), arguments);
    device.synchronize();
    nanos.merge(label(method.getName(), arguments), System.nanoTime() - start, Long::sum);
    return null;
  }

  private static String label(String kernel, Object[] arguments) {
    for (Object argument : arguments) {
      if (argument instanceof Tensor weight && weight.isPacked()) {
        return kernel + " " + weight.dim(1) + " → " + weight.dim(0);
      }
    }
    return kernel;
  }

  @SuppressWarnings("ReferenceEquality") // a device is itself
  private @Nullable Object device(Method method, Object[] arguments) throws Throwable {
    if (method.getName().equals("kernels")) {
      return kernels;
    }
    if (method.getName().equals("record")) {
      // Once more is as good as a recording, and every kernel is seen.
      ((Runnable) arguments[0]).run();
      return arguments[0];
    }
    Object result = invoke(method, device, arguments);
    return result instanceof Tensor weight && weight.device() == device ? here(weight) : result;
  }

  /// A matrix that the other device packed, as one of this.
  private Tensor here(Tensor weight) {
    return Tensor.packed(
        Memory.wrap(weight.segment(), "the device that is timed"),
        weight.byteOffset(),
        weight.byteSize(),
        weight.dtype(),
        weight.shape(),
        timed);
  }

  private static @Nullable Object invoke(Method method, Object target, Object[] arguments)
      throws Throwable {
    try {
      return method.invoke(target, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause() == null ? e : e.getCause();
    }
  }
}
