/// The kernels of the CPU and of NVIDIA GPUs. Exports nothing: `ServiceLoader` finds the device.
@org.jspecify.annotations.NullMarked
module org.internvl4j.kernels {
  requires static org.jspecify;
  requires static jdk.incubator.vector;
  requires org.internvl4j.runtime;

  provides org.internvl4j.runtime.DeviceProvider with
      org.internvl4j.kernels.cpu.CpuProvider,
      org.internvl4j.kernels.cpu.PlainProvider,
      org.internvl4j.kernels.cuda.CudaProvider;
}
