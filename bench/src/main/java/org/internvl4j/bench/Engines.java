package org.internvl4j.bench;

import java.nio.file.Path;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import org.internvl4j.runtime.DType;

/// The engines on the class path, by name.
final class Engines {
  private Engines() {}

  /// Names of all that a suite measures: those that speak and those that multiply.
  static Set<String> names() {
    Set<String> names = new TreeSet<>(speakers().keySet());
    names.addAll(multipliers().keySet());
    return names;
  }

  private static SortedMap<String, Engine.Provider> speakers() {
    return found(Engine.Provider.class, Engine.Provider::name);
  }

  private static SortedMap<String, ProductEngine.Provider> multipliers() {
    return found(ProductEngine.Provider.class, ProductEngine.Provider::name);
  }

  private static <P> SortedMap<String, P> found(Class<P> type, Function<P, String> name) {
    SortedMap<String, P> found = new TreeMap<>();
    ServiceLoader.load(type).forEach(p -> found.put(name.apply(p), p));
    return found;
  }

  /// A language model.
  ///
  /// @throws IllegalArgumentException if there is none of that name
  static Engine open(String name, Path model, String weights, int threads) {
    return named(name, speakers()).open(model, weights, threads);
  }

  /// A single product.
  ///
  /// @throws IllegalArgumentException if there is none of that name
  static ProductEngine openProduct(String name, ProductShape shape, DType weights, int threads) {
    return named(name, multipliers()).open(shape, weights, threads);
  }

  /// A launch of a kernel.
  ///
  /// @throws IllegalArgumentException if there is none of that name
  static LaunchEngine openLauncher(String name) {
    return named(name, found(LaunchEngine.Provider.class, LaunchEngine.Provider::name)).open();
  }

  private static <P> P named(String name, SortedMap<String, P> found) {
    P provider = found.get(name);
    if (provider == null) {
      throw new IllegalArgumentException(
          "bench: no engine is called "
              + name
              + "; there are "
              + String.join(", ", found.keySet())
              + " (rivals need the profile -Privals)");
    }
    return provider;
  }
}
