package org.internvl4j.models.internvl;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.internvl4j.loader.Adapted;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.LowRank;
import org.internvl4j.loader.LowRank.Factor;
import org.internvl4j.loader.Relaid;
import org.internvl4j.loader.Relaid.Place;
import org.internvl4j.loader.WeightSource;

/// The low-rank adapters of a model that is opened: those of its own files, which OpenGVLab's
/// training leaves unmerged, and those that are asked for. Needed until the model is loaded; one
/// thread.
public final class Adapters implements AutoCloseable {
  private static final String WRAPPED = "base_model.model.";
  private static final String WRAPPED_LAYER = ".base_layer.";

  /// Training always uses `alpha = 2r`.
  private static final double OWN_SCALE = 2;

  /// An adapter that is asked for.
  ///
  /// @param folder `adapter_config.json` and `adapter_model.safetensors`
  /// @param weight what its changes are multiplied by, beside its own scale
  public record Choice(Path folder, double weight) {}

  private final List<Choice> choices;
  private final List<Adapter> opened = new ArrayList<>();
  private final Map<String, List<LowRank>> changes = new HashMap<>();
  private final Map<String, Factor> replaced = new HashMap<>();
  private boolean merges;

  public Adapters(List<Choice> choices) {
    this.choices = List.copyOf(choices);
  }

  /// A checkpoint that was saved with its adapter, by the names that its weights have without.
  public static WeightSource unwrapped(WeightSource source) {
    boolean wrapped =
        source.names().stream().anyMatch(n -> n.contains(WRAPPED) || n.contains(WRAPPED_LAYER));
    return wrapped
        ? Relaid.of(source, name -> Place.of(name.replace(WRAPPED, "").replace(WRAPPED_LAYER, ".")))
        : source;
  }

  /// How many matrices a checkpoint changes by an adapter of its own.
  public static long own(Checkpoint files) {
    return files.names().stream().filter(name -> name.contains(".lora_A.")).count();
  }

  /// The weights with all changes.
  ///
  /// @param files where `model`'s tensors lie
  /// @param model [#unwrapped], in the layout of [InternVlConfig.Layout#CHAT_MODEL]
  /// @param keptApart which matrices keep their numbers, with changes beside them
  /// @param threads how many add; 0 for one a core
  /// @throws CheckpointException if an adapter is made for another model
  /// @throws org.internvl4j.models.UnsupportedModelException if it is of another kind
  public WeightSource over(
      Checkpoint files,
      WeightSource model,
      InternVlConfig config,
      Predicate<String> keptApart,
      int threads) {
    AdapterLayout layout = new AdapterLayout(model, config);
    Set<String> consumed = new LinkedHashSet<>();
    for (String name : model.names()) {
      if (name.contains(".lora_")) {
        own(files, model, layout, name);
        consumed.add(name);
      }
    }
    for (Choice choice : choices) {
      Adapter adapter = Adapter.open(choice.folder());
      opened.add(adapter);
      add(adapter, choice.weight(), layout, keptApart);
    }
    return changes.isEmpty() && replaced.isEmpty()
        ? model
        : new Adapted(model, changes, replaced, keptApart, consumed, threads);
  }

  private void own(Checkpoint files, WeightSource model, AdapterLayout layout, String name) {
    String file = files.fileOf(model.stored(name).getFirst());
    Adapter.requirePlain(file, name);
    LoraName lora = LoraName.of(name);
    if (lora == null || !lora.isA()) {
      return;
    }
    String other = name.replace(".lora_A.", ".lora_B.");
    if (!model.has(other)) {
      throw new CheckpointException(file, name + " has no " + other + " beside it");
    }
    add(
        layout.of(lora.module(), file),
        factor(files, model, name),
        factor(files, model, other),
        OWN_SCALE);
  }

  private static Factor factor(Checkpoint files, WeightSource model, String name) {
    String stored = model.stored(name).getFirst();
    return new Factor(files.fileOf(stored), files.info(stored), () -> files.bytes(stored));
  }

  private void add(
      Adapter adapter, double weight, AdapterLayout layout, Predicate<String> keptApart) {
    for (Adapter.Change change : adapter.changes()) {
      AdapterLayout.Target target = layout.of(change.module(), adapter.name());
      merges |= !keptApart.test(target.weight());
      add(target, change.a(), change.b(), weight * change.scale());
    }
    adapter
        .replaced()
        .forEach((tensor, by) -> {
          String name = layout.replaced(tensor, adapter.name());
          if (weight != 1) {
            throw new CheckpointException(
                adapter.name(), "replaces " + name + ", so its weight must be 1, not " + weight);
          }
          if (replaced.put(name, by) != null) {
            throw new CheckpointException(
                adapter.name(), "replaces " + name + ", which another adapter replaces, too");
          }
          merges = true;
        });
  }

  private void add(AdapterLayout.Target target, Factor a, Factor b, double scale) {
    changes
        .computeIfAbsent(target.weight(), n -> new ArrayList<>())
        .add(new LowRank(a, b, scale, target.rows()));
  }

  /// Whether an adapter that was asked for changed numbers of the weights: what is prepared from
  /// them is then not what the checkpoint's files say.
  public boolean merges() {
    return merges;
  }

  @Override
  public void close() {
    opened.forEach(Adapter::close);
  }
}
