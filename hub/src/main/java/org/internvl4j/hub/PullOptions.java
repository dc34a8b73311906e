package org.internvl4j.hub;

/// What of a model is pulled.
///
/// @param pickles weights in `*.bin` and `*.pth` too, which this project never opens
public record PullOptions(boolean pickles) {
  /// What this project reads.
  public static final PullOptions DEFAULT = new PullOptions(false);

  /// With weights in `*.bin` and `*.pth`.
  public PullOptions withPickles() {
    return new PullOptions(true);
  }
}
