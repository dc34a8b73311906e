package org.internvl4j.kernels.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Cleaner;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.DeviceException;
import org.internvl4j.runtime.Kernels;
import org.internvl4j.runtime.Memory;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.jspecify.annotations.Nullable;

/// An NVIDIA GPU: its primary context, and one stream in which everything runs in the order in
/// which it was called.
///
/// Activations and matrices are bf16 with sums in f32; with `-Dinternvl4j.cuda.f32=true` everything
/// is f32, by plain multiply and add: slow, for checking.
final class CudaDevice implements Device {
  /// `true` computes in f32 throughout.
  static final String F32 = "internvl4j.cuda.f32";

  private static final int HOST = 1; // memory type

  /// 64 blocks of 128 rows, times as many as there are columns: several a multiprocessor on the
  /// largest GPUs. Seven tiles of a picture, or most prompts.
  private static final int ROWS = 8192;

  private static final Cleaner CLEANER = Cleaner.create();

  private final CudaDriver driver;
  private final String name;
  private final int device;
  private final long context;
  private final long stream;
  private final long side; // a stream of its own, so that what runs there is never captured
  private final long reached; // event: how far the stream was when another device asked
  private final CudaStage stage;
  private final CudaImages images;
  private final Arena arena = Arena.ofShared();
  private final Map<String, Long> modules = new HashMap<>();
  private final Map<String, CudaKernel> entries = new HashMap<>();
  private final Set<Long> graphs = new HashSet<>();
  private final Set<CudaDevice> peers = new HashSet<>();
  private final boolean hopper;
  private final DType activations;
  private final CublasLtPolicy policy;
  private final CudaKernels kernels;
  private boolean recording;
  private boolean closed;

  private CudaDevice(CudaDriver driver, int index, String name) {
    this.driver = driver;
    this.name = name;
    this.device = driver.device(index);
    this.images = CudaImages.of(driver, device);
    this.hopper = driver.attribute(CudaDriver.MAJOR, device) == 9 && driver.hasTensorMaps();
    this.context = driver.retainContext(device);
    driver.use(context);
    this.stream = driver.createStream();
    this.side = driver.createStream();
    this.reached = driver.createEvent();
    this.stage = new CudaStage(driver, stream);
    this.activations = Boolean.getBoolean(F32) ? DType.F32 : DType.BF16;
    this.policy = CublasLtPolicy.of(this, driver);
    this.kernels = new CudaKernels(this, policy.cublasLt());
  }

  /// @param index which of the GPUs, from 0
  /// @param name what it was called when it was asked for
  /// @throws DeviceException if there is none, or no code for it
  static CudaDevice open(CudaPlatform platform, int index, String name) {
    CudaDriver driver = platform.driver();
    int count = driver.deviceCount();
    if (index < 0 || index >= count) {
      throw new DeviceException(
          "cuda: there is no GPU " + index + ", expected 0 to " + (count - 1));
    }
    return new CudaDevice(driver, index, name);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public String description() {
    CublasLt cublasLt = policy.cublasLt();
    return "%s: %s, %s, %s, driver %d.%d%s"
        .formatted(
            name(),
            driver.deviceName(device),
            images.architecture(),
            activations,
            driver.version() / 1000,
            driver.version() % 1000 / 10,
            cublasLt == null ? "" : ", cublasLt " + cublasLt.version());
  }

  @Override
  public String remark() {
    return "the driver is " + driver.where() + "; " + policy.said();
  }

  @Override
  public Kernels kernels() {
    return kernels;
  }

  @Override
  public DType activations() {
    return activations;
  }

  @Override
  public int rows() {
    return ROWS;
  }

  @Override
  public String toString() {
    return description();
  }

  // ---- memory

  @Override
  public Memory allocate(long bytes, String owner) {
    return new CudaMemory(this, allocate(bytes), bytes, owner, true);
  }

  /// New zeroed memory. Its zeros come by another stream than the kernels, whose capture they would
  /// otherwise join.
  synchronized long allocate(long bytes) {
    use();
    long size = Math.max(bytes, 1);
    long address;
    try {
      address = driver.allocate(size);
    } catch (DeviceException e) {
      throw new DeviceException(
          name()
              + ": "
              + (size >> 20)
              + " MiB do not fit, "
              + (driver.freeBytes() >> 20)
              + " MiB are free; close other models, or take fewer tiles or a smaller model ("
              + e.getMessage()
              + ")");
    }
    driver.zero(address, size, side);
    driver.synchronize(side);
    return address;
  }

  /// @param what begins or ends there, for messages: `[4] f32 begins at`
  /// @throws IllegalArgumentException unless `address` is in memory of this device and its context
  synchronized void requireOwn(long address, String what) {
    use();
    CudaDriver.Address found = driver.address(address);
    String wrong = null;
    if (found.type() == 0) {
      wrong = "where the driver knows no memory";
    } else if (found.type() == HOST) {
      wrong = "which is memory of the host, expected of GPU " + device;
    } else if (found.device() != device) {
      wrong = "which lies on GPU " + found.device() + ", expected GPU " + device;
    } else if (found.context() != 0 && found.context() != context) {
      wrong = "which is of another context, expected GPU " + device + "'s primary one";
    }
    if (wrong != null) {
      throw new IllegalArgumentException("%s: %s 0x%x, %s".formatted(name(), what, address, wrong));
    }
  }

  /// Where kernels and copies are queued.
  synchronized long stream() {
    use();
    return stream;
  }

  synchronized void free(long address) {
    if (!closed) {
      use();
      driver.synchronize(stream);
      driver.free(address);
    }
  }

  /// Copies to the device, in the order of kernel calls; `from` may change afterwards.
  synchronized void upload(long to, MemorySegment from) {
    use();
    stage.upload(to, from);
  }

  /// Copies from the device what is there when all kernels called before have run.
  synchronized void download(MemorySegment to, long from) {
    use();
    stage.download(to, from);
  }

  // ---- other devices

  /// The copy runs in this device's stream, after what the other's holds; the other's goes on when
  /// it is done, since `x` may be overwritten then.
  @Override
  public void receive(Tensor y, Tensor x) {
    if (!(x.memory() instanceof CudaMemory memory)) {
      Device.super.receive(y, x);
      return;
    }
    CudaDevice from = memory.device();
    long computed = from.recordReached();
    long copied = receive(CudaKernels.at(y), from, CudaKernels.at(x), x.byteSize(), computed);
    from.await(copied);
  }

  private synchronized long receive(long y, CudaDevice from, long x, long bytes, long computed) {
    use();
    requireNotRecording();
    if (peers.add(from)) {
      driver.reach(device, from.device, from.context);
    }
    driver.await(computed, stream);
    if (bytes > 0) {
      driver.copy(y, context, x, from.context, bytes, stream);
    }
    return recordReached();
  }

  private synchronized long recordReached() {
    use();
    requireNotRecording();
    driver.record(reached, stream);
    return reached;
  }

  private void requireNotRecording() {
    if (recording) {
      throw new IllegalStateException(
          name() + ": a recorded step does not go from one device to another; record two");
    }
  }

  private synchronized void await(long event) {
    use();
    driver.await(event, stream);
  }

  /// Makes this device's context the calling thread's.
  private void use() {
    if (closed) {
      throw new IllegalStateException(name() + " is closed");
    }
    driver.use(context);
  }

  // ---- kernels

  /// Begins a launch of an entry of a kernel file.
  ///
  /// @param file `rms_norm`
  /// @param entry `rms_norm_bf16`
  CudaKernel kernel(String file, String entry) {
    use();
    CudaKernel kernel = entries.get(entry);
    if (kernel == null) {
      Long module = modules.get(file);
      if (module == null) {
        module = load(file);
        modules.put(file, module);
      }
      kernel = new CudaKernel(driver, driver.function(module, entry), entry, stream, arena);
      entries.put(entry, kernel);
    }
    return kernel.with();
  }

  private long load(String file) {
    byte[] image = images.read(file);
    try (Arena temporary = Arena.ofConfined()) {
      MemorySegment bytes = temporary.allocate(image.length, 64);
      bytes.copyFrom(MemorySegment.ofArray(image));
      return driver.loadModule(bytes);
    }
  }

  /// Whether kernels for Hopper (`NAME.sm90.cu`) run here.
  boolean isHopper() {
    return hopper;
  }

  void zero(long address, long bytes) {
    use();
    driver.zero(address, bytes, stream);
  }

  void copy(long to, long from, long bytes) {
    use();
    driver.copy(to, from, bytes, stream);
  }

  @Override
  public synchronized Tensor prepare(Tensor weight, Role role, DType keep, Workspace model) {
    return CudaWeights.prepare(this, List.of(weight), role, keep, model);
  }

  @Override
  public synchronized Tensor join(List<Tensor> parts, DType keep, Workspace model) {
    return CudaWeights.prepare(this, parts, Role.MATRIX, keep, model);
  }

  @Override
  public @Nullable String packing() {
    return null;
  }

  @Override
  public synchronized Runnable record(Runnable step) {
    use();
    driver.beginCapture(stream);
    recording = true;
    long graph;
    try {
      step.run();
    } catch (Throwable e) {
      try {
        driver.destroyGraph(driver.endCapture(stream));
      } catch (DeviceException alsoWrong) {
        e.addSuppressed(alsoWrong);
      }
      throw e;
    } finally {
      recording = false;
    }
    graph = driver.endCapture(stream);
    graphs.add(graph);
    Runnable again = () -> launch(graph);
    CLEANER.register(again, () -> forget(graph));
    again.run();
    return again;
  }

  /// Frees a graph that nobody can launch any more.
  private synchronized void forget(long graph) {
    if (!closed && graphs.remove(graph)) {
      use();
      driver.synchronize(stream);
      driver.destroyGraph(graph);
    }
  }

  private synchronized void launch(long graph) {
    use();
    driver.launchGraph(graph, stream);
  }

  @Override
  public synchronized void synchronize() {
    use();
    driver.synchronize(stream);
  }

  /// Frees what the device itself holds. The context stays while somebody else retains it.
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    use();
    try {
      driver.synchronize(stream);
      graphs.forEach(driver::destroyGraph);
      kernels.close();
      modules.values().forEach(driver::unloadModule);
      driver.destroyEvent(reached);
      stage.close();
      driver.destroyStream(stream);
      driver.destroyStream(side);
    } finally {
      closed = true;
      driver.releaseContext(device);
      arena.close();
    }
  }
}
