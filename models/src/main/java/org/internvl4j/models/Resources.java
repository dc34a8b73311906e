package org.internvl4j.models;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToIntFunction;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.LoadListener;
import org.internvl4j.loader.PackedStore;
import org.internvl4j.loader.WeightSource;
import org.internvl4j.loader.Weights;
import org.internvl4j.loader.quantised.Dequantised;
import org.internvl4j.loader.quantised.Quantisation;
import org.internvl4j.models.internvl.QuantisationConfig;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Devices;
import org.internvl4j.runtime.Workspace;
import org.jspecify.annotations.Nullable;

/// What an open model holds: its checkpoint, the devices that compute, and its weights there.
final class Resources implements AutoCloseable {
  private final Checkpoint checkpoint;
  private final List<Runnable> opened = new ArrayList<>(); // what closes them, the last one first
  private List<Device> devices = List.of();
  private @Nullable Workspace weights;
  private @Nullable PackedStore matrices;

  /// @param checkpoint closed with this
  Resources(Checkpoint checkpoint) {
    this.checkpoint = checkpoint;
    opened.add(checkpoint::close);
  }

  Checkpoint checkpoint() {
    return checkpoint;
  }

  /// The numbers of the weights, whatever the checkpoint stores them as.
  ///
  /// @throws UnsupportedModelException if they are quantised in a way that is not supported
  WeightSource numbers(OpenOptions options) {
    Quantisation quantisation = QuantisationConfig.of(checkpoint.config());
    return Dequantised.of(checkpoint, quantisation, options.threads());
  }

  /// Opens devices, the memory of weights and the file of prepared ones.
  ///
  /// @param source of the weights
  /// @return the devices
  List<Device> open(OpenOptions options, WeightSource source) {
    long size = options.lasting() ? Long.MAX_VALUE : source.tensorBytes();
    devices = Devices.openAll(options.device(), options.threads(), size);
    devices.forEach(device -> opened.addFirst(device::close));
    Workspace room = new Workspace(devices.getFirst(), "model " + checkpoint.name());
    opened.addFirst(room::close);
    weights = room;
    PackedStore store =
        PackedStore.open(
            checkpoint,
            source,
            devices.getFirst(),
            options.weights(),
            options.cache(),
            options.threads(),
            options.loading());
    opened.addFirst(store::close);
    matrices = store;
    return devices;
  }

  /// As [#open], for a model that is on one device.
  ///
  /// @throws IllegalArgumentException if several are named
  void openOne(OpenOptions options, WeightSource source) {
    if (!options.adapters().isEmpty()) {
      throw new IllegalArgumentException("adapters: this kind of model takes none, chat models do");
    }
    if (open(options, source).size() > 1) {
      throw new IllegalArgumentException(
          "device: " + options.device() + " are several, expected one for this kind of model");
    }
  }

  /// The weights, to be taken by a model.
  ///
  /// @param source what the checkpoint's tensors are to it
  /// @param stages which device a path's weights are for
  Weights weights(WeightSource source, ToIntFunction<String> stages) {
    Workspace first = opened(weights);
    return Weights.of(
        checkpoint,
        source,
        path -> first.on(devices.get(stages.applyAsInt(path))),
        opened(matrices));
  }

  /// Closes another checkpoint with this.
  ///
  /// @return it
  Checkpoint own(Checkpoint other) {
    opened.add(other::close);
    return other;
  }

  /// The weights of another checkpoint, for the first device; they are not kept on disk.
  ///
  /// @param source what its tensors are to the model
  /// @param loading hears how far preparing them is
  Weights beside(Checkpoint other, WeightSource source, LoadListener loading) {
    Workspace room = new Workspace(devices.getFirst(), "model " + other.name());
    opened.addFirst(room::close);
    PackedStore store = PackedStore.none(other, devices.getFirst(), loading);
    opened.addFirst(store::close);
    return Weights.of(other, source, path -> room, store);
  }

  /// Says that all weights were taken.
  void finish() {
    opened(matrices).finish();
  }

  private static <T> T opened(@Nullable T resource) {
    if (resource == null) {
      throw new IllegalStateException("model: no device is open");
    }
    return resource;
  }

  List<Device> devices() {
    return devices;
  }

  /// Closes everything because of `cause`, which is what matters.
  void closeAfter(Throwable cause) {
    for (Runnable close : opened) {
      try {
        close.run();
      } catch (RuntimeException e) {
        cause.addSuppressed(e);
      }
    }
  }

  @Override
  public void close() {
    opened.forEach(Runnable::run);
  }
}
