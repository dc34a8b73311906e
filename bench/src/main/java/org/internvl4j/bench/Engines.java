package org.internvl4j.bench;

import java.nio.file.Path;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/// The engines on the class path, by name.
final class Engines {
  private Engines() {}

  /// Their names.
  static Set<String> names() {
    return found().keySet();
  }

  private static SortedMap<String, Engine.Provider> found() {
    SortedMap<String, Engine.Provider> found = new TreeMap<>();
    ServiceLoader.load(Engine.Provider.class).forEach(p -> found.put(p.name(), p));
    return found;
  }

  /// @throws IllegalArgumentException if there is none of that name
  static Engine open(String name, Path model, String weights, int threads) {
    SortedMap<String, Engine.Provider> found = found();
    Engine.Provider provider = found.get(name);
    if (provider == null) {
      throw new IllegalArgumentException(
          "bench: no engine is called "
              + name
              + "; there are "
              + String.join(", ", found.keySet())
              + " (rivals need the profile -Privals)");
    }
    return provider.open(model, weights, threads);
  }
}
