/// The kernels of the CPU and of NVIDIA GPUs. `ServiceLoader` finds the devices; what is exported
/// is for programs that share a GPU's memory with them.
@org.jspecify.annotations.NullMarked
module org.internvl4j.kernels {
  requires static org.jspecify;
  requires static jdk.incubator.vector;
  requires org.internvl4j.runtime;

  exports org.internvl4j.kernels.cuda;

  provides org.internvl4j.runtime.DeviceProvider with
      org.internvl4j.kernels.cpu.CpuProvider,
      org.internvl4j.kernels.cpu.PlainProvider,
      org.internvl4j.kernels.cuda.CudaProvider;
}
