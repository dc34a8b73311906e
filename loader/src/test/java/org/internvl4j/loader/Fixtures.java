package org.internvl4j.loader;

import java.nio.file.Path;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Devices;

/// Where the tests of this module find their data, and what they compute on.
final class Fixtures {
  private Fixtures() {}

  static final Device DEVICE = Devices.open("reference", 1);

  static Path fixture(String model) {
    return Path.of(System.getProperty("internvl4j.home"), "testkit", "fixtures", model);
  }
}
