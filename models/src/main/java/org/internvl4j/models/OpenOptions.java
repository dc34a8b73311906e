package org.internvl4j.models;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.internvl4j.loader.CachePolicy;
import org.internvl4j.loader.LoadListener;
import org.internvl4j.loader.WeightFormat;
import org.internvl4j.models.internvl.Adapters;

/// How a model is opened. Immutable; start from [#DEFAULT].
///
/// @param device `auto`, `cpu`, `cuda`, `cuda:0,1`, `plain`, `reference`, …
/// @param threads how many threads may compute; 0 for as many as there are cores
/// @param wholeTower load also the tower's blocks that do not feed the decoder
/// @param weights what the matrices of the language part are kept as; the tower's stay as stored
/// @param cache whether prepared matrices are kept on disk for the next time, and where
/// @param lasting whether it works for long: `auto` then takes for a toy, too, what starts slowly
/// @param adapters what changes the model's weights, in no order
/// @param loading hears how far the opening is, on the thread that opens
public record OpenOptions(
    String device,
    int threads,
    boolean wholeTower,
    WeightFormat weights,
    CachePolicy cache,
    boolean lasting,
    List<Adapters.Choice> adapters,
    LoadListener loading) {
  /// The best device there is, on all cores; weights as stored; prepared matrices are kept.
  public static final OpenOptions DEFAULT =
      new OpenOptions(
          "auto",
          0,
          false,
          WeightFormat.STORED,
          CachePolicy.standard(),
          false,
          List.of(),
          LoadListener.NONE);

  public OpenOptions {
    adapters = List.copyOf(adapters);
  }

  public OpenOptions withDevice(String device) {
    return new OpenOptions(device, threads, wholeTower, weights, cache, lasting, adapters, loading);
  }

  public OpenOptions withThreads(int threads) {
    return new OpenOptions(device, threads, wholeTower, weights, cache, lasting, adapters, loading);
  }

  /// These options, with all blocks of the tower loaded: for [VisionLanguageModel#visionFeatures].
  public OpenOptions withWholeTower() {
    return new OpenOptions(device, threads, true, weights, cache, lasting, adapters, loading);
  }

  /// These options, with the language part kept in fewer bits: less memory and more tokens a
  /// second, for some of the answers' quality.
  public OpenOptions withWeights(WeightFormat weights) {
    return new OpenOptions(device, threads, wholeTower, weights, cache, lasting, adapters, loading);
  }

  public OpenOptions withCache(CachePolicy cache) {
    return new OpenOptions(device, threads, wholeTower, weights, cache, lasting, adapters, loading);
  }

  /// These options, with nothing kept on disk, nor taken from there.
  public OpenOptions withoutCache() {
    return withCache(cache.off());
  }

  /// These options, for a model that works for long.
  public OpenOptions forLong() {
    return new OpenOptions(device, threads, wholeTower, weights, cache, true, adapters, loading);
  }

  public OpenOptions withLoading(LoadListener loading) {
    return new OpenOptions(device, threads, wholeTower, weights, cache, lasting, adapters, loading);
  }

  /// These options, with one adapter more: a folder with `adapter_config.json` and
  /// `adapter_model.safetensors`, as PEFT writes them. Its changes are added to the weights, or
  /// kept beside matrices that are in fewer bits than bf16. Where they are added, prepared matrices
  /// are neither kept on disk nor taken from there.
  ///
  /// @param weight what its changes are multiplied by; 1 for the adapter as it was trained
  public OpenOptions withAdapter(Path folder, double weight) {
    if (!Double.isFinite(weight)) {
      throw new IllegalArgumentException(
          "adapter: the weight of " + folder + " is " + weight + ", expected a finite number");
    }
    List<Adapters.Choice> more = new ArrayList<>(adapters);
    more.add(new Adapters.Choice(folder, weight));
    return new OpenOptions(device, threads, wholeTower, weights, cache, lasting, more, loading);
  }

  /// These options, with one adapter more, as it was trained.
  public OpenOptions withAdapter(Path folder) {
    return withAdapter(folder, 1);
  }
}
