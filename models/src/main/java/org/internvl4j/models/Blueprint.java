package org.internvl4j.models;

import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.PackedStore;
import org.internvl4j.loader.WeightFormat;
import org.internvl4j.loader.WeightSource;
import org.internvl4j.loader.Weights;
import org.internvl4j.loader.quantised.Dequantised;
import org.internvl4j.loader.quantised.Quantisation;
import org.internvl4j.models.chat.ChatTemplate;
import org.internvl4j.models.contrastive.ContrastiveConfig;
import org.internvl4j.models.contrastive.ContrastiveNet;
import org.internvl4j.models.internvl.Adapters;
import org.internvl4j.models.internvl.InternVl;
import org.internvl4j.models.internvl.InternVlConfig;
import org.internvl4j.models.internvl.QuantisationConfig;
import org.internvl4j.models.internvl.VisionConfig;
import org.internvl4j.models.nn.LanguageConfig;
import org.internvl4j.runtime.Workspace;
import org.jspecify.annotations.Nullable;

/// A model that was put together to be looked at: every weight that its configuration asks for is
/// there in the right shape, and none was read. A checkpoint of any size takes no memory but for
/// its headers.
///
/// @param chat the configuration of a model that answers questions, else null
/// @param contrastive that of one with pictures and texts in one space, else null
/// @param vision of the tower, which every model has
/// @param language of the decoder, or null if there is none
/// @param quantisation of its matrices, or null
/// @param memory bytes that weights take on the CPU, by what the language part is kept as
/// @param unused tensors that the model does not ask for
public record Blueprint(
    @Nullable InternVlConfig chat,
    @Nullable ContrastiveConfig contrastive,
    VisionConfig vision,
    @Nullable LanguageConfig language,
    @Nullable Quantisation quantisation,
    Map<WeightFormat, Long> memory,
    List<String> unused) {
  /// Tells the language part from the rest, whatever it will be kept as.
  private static final WeightFormat ANY_BLOCKS = WeightFormat.Q8;

  public Blueprint {
    memory = Map.copyOf(memory);
    unused = List.copyOf(unused);
  }

  /// What a checkpoint asks for, in words for people: `chat`, `retrieval and captions`, `features`.
  public String purpose() {
    return chat != null ? "chat" : contrastive != null ? "retrieval and captions" : "features";
  }

  /// Puts the model of a checkpoint together, whichever kind it is.
  ///
  /// @param checkpoint stays open
  /// @throws CheckpointException if a weight is missing or of another shape, naming it
  /// @throws UnsupportedModelException if it is a kind of model that is not supported
  public static Blueprint of(Checkpoint checkpoint) {
    WeightSource numbers =
        Dequantised.of(checkpoint, QuantisationConfig.of(checkpoint.config()), 1);
    if (ContrastiveConfig.isOf(checkpoint.config())) {
      ContrastiveConfig config = ContrastiveConfig.of(checkpoint.config());
      return of(
          null,
          config,
          config.vision(),
          config.qllama(),
          checkpoint,
          numbers,
          w -> new ContrastiveNet(config, ANY_BLOCKS, w));
    }
    if (TowerPlace.isAlone(checkpoint.config())) {
      TowerPlace place = TowerPlace.of(checkpoint, numbers);
      return of(
          null,
          null,
          place.config(),
          null,
          checkpoint,
          place.source(),
          w -> place.tower(w, place.side(), place.config().numHiddenLayers()));
    }
    InternVlConfig config = InternVlConfig.of(checkpoint);
    ChatTemplate.of(config.template());
    int blocks = config.vision().numHiddenLayers();
    return of(
        config,
        null,
        config.vision(),
        config.language(),
        checkpoint,
        config.layout().relaid(Adapters.unwrapped(numbers)),
        w -> InternVl.load(config, blocks, ANY_BLOCKS, w));
  }

  private static Blueprint of(
      @Nullable InternVlConfig chat,
      @Nullable ContrastiveConfig contrastive,
      VisionConfig vision,
      @Nullable LanguageConfig language,
      Checkpoint checkpoint,
      WeightSource source,
      Consumer<Weights> network) {
    try (ShapesDevice device = new ShapesDevice();
        Workspace workspace = new Workspace(device, "model " + checkpoint.name());
        PackedStore store = PackedStore.outlined(checkpoint, device, device::outline)) {
      Weights w = Weights.of(checkpoint, source, path -> workspace, store);
      network.accept(w);
      return new Blueprint(
          chat,
          contrastive,
          vision,
          language,
          QuantisationConfig.of(checkpoint.config()),
          device.bytes(),
          w.unread());
    }
  }
}
