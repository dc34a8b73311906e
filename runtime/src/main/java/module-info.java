/// Tensors over native memory, the contracts of all kernels, devices and their three lifetimes.
@org.jspecify.annotations.NullMarked
module org.internvl4j.runtime {
  requires static org.jspecify;

  exports org.internvl4j.runtime;

  uses org.internvl4j.runtime.DeviceProvider;

  provides org.internvl4j.runtime.DeviceProvider with
      org.internvl4j.runtime.reference.ReferenceProvider;
}
