package org.internvl4j.bench.rivals;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/// Versions of the libraries, as the build took them.
final class RivalVersions {
  private RivalVersions() {}

  /// @param rival `jlama`
  static String of(String rival) {
    Properties versions = new Properties();
    try (InputStream in = RivalVersions.class.getResourceAsStream("versions.properties")) {
      versions.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return versions.getProperty(rival, "of unknown version");
  }
}
