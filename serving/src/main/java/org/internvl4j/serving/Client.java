package org.internvl4j.serving;

/// Who asks, as far as turns and places are concerned.
///
/// @param host one of several that get their turns one after the other: a machine, an application
/// @param user one of several whom that host asks for; empty for nobody in particular
public record Client(String host, String user) {
  /// Nobody in particular.
  public static final Client NOBODY = new Client("", "");

  /// One that asks for itself.
  public static Client of(String host) {
    return new Client(host, "");
  }
}
