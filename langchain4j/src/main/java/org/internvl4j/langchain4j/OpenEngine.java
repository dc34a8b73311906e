package org.internvl4j.langchain4j;

import java.nio.file.Path;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.models.OpenOptions;
import org.internvl4j.models.VisionLanguageModel;
import org.internvl4j.serving.Engine;
import org.internvl4j.serving.EngineListener;
import org.internvl4j.serving.EngineOptions;
import org.jspecify.annotations.Nullable;

/// An engine, and what of it is ours to close.
///
/// @param name of the model
/// @param ownEngine whether the engine is ours
/// @param ownModel the model, if that is; else null
record OpenEngine(
    Engine engine, String name, boolean ownEngine, @Nullable VisionLanguageModel ownModel)
    implements AutoCloseable {
  /// Opens a folder; all of it is ours.
  static OpenEngine of(Path folder, OpenOptions open, EngineOptions options) {
    VisionLanguageModel model = VisionLanguageModel.open(Checkpoint.open(folder), open);
    try {
      Engine engine = new Engine(model, options, EngineListener.NONE);
      return new OpenEngine(engine, model.name(), true, model);
    } catch (RuntimeException | Error e) {
      model.close();
      throw e;
    }
  }

  /// An engine of our own over somebody's model.
  static OpenEngine of(VisionLanguageModel model, EngineOptions options) {
    Engine engine = new Engine(model, options, EngineListener.NONE);
    return new OpenEngine(engine, model.name(), true, null);
  }

  @Override
  public void close() {
    if (ownEngine) {
      engine.close();
    }
    if (ownModel != null) {
      ownModel.close();
    }
  }
}
