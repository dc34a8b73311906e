package org.internvl4j.models;

/// How a model is opened. Immutable; start from [#DEFAULT].
///
/// @param device `auto`, `cpu`, `reference`, …
/// @param threads how many threads may compute; 0 for as many as there are cores
/// @param wholeTower load also the tower's blocks that do not feed the decoder
public record OpenOptions(String device, int threads, boolean wholeTower) {
  /// The best device there is, on all cores.
  public static final OpenOptions DEFAULT = new OpenOptions("auto", 0, false);

  public OpenOptions withDevice(String device) {
    return new OpenOptions(device, threads, wholeTower);
  }

  public OpenOptions withThreads(int threads) {
    return new OpenOptions(device, threads, wholeTower);
  }

  /// These options, with all blocks of the tower loaded: for [VisionLanguageModel#visionFeatures].
  public OpenOptions withWholeTower() {
    return new OpenOptions(device, threads, true);
  }
}
