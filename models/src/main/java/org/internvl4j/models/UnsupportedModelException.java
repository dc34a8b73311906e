package org.internvl4j.models;

/// A checkpoint is sound but of a kind that is not supported. The message names the kind and what
/// is supported.
public final class UnsupportedModelException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public UnsupportedModelException(String message) {
    super(message);
  }
}
