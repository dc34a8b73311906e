/// The kernels of the CPU. Exports nothing: `ServiceLoader` finds the device.
@org.jspecify.annotations.NullMarked
module org.internvl4j.kernels {
  requires static org.jspecify;
  requires static jdk.incubator.vector;
  requires org.internvl4j.runtime;

  provides org.internvl4j.runtime.DeviceProvider with
      org.internvl4j.kernels.cpu.CpuProvider,
      org.internvl4j.kernels.cpu.PlainProvider;
}
