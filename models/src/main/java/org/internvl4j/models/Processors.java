package org.internvl4j.models;

import org.internvl4j.loader.json.Json;
import org.internvl4j.models.image.ClipPreprocess;
import org.internvl4j.models.image.Normalization;
import org.internvl4j.models.nn.ConfigValues;
import org.jspecify.annotations.Nullable;

/// `preprocessor_config.json` of models that make features: what their `CLIPImageProcessor` does.
final class Processors {
  static final String FILE = "preprocessor_config.json";

  private static final int BICUBIC = 3; // of Pillow

  private Processors() {}

  /// @param json null where there is no file: the model's own side, ImageNet's constants
  /// @param side of the pictures that the model was made for
  static ClipPreprocess of(@Nullable Json json, int side) {
    if (json == null) {
      return ClipPreprocess.of(side);
    }
    ConfigValues c = new ConfigValues(json);
    c.require(json.getInt("resample", BICUBIC) == BICUBIC, "resample", "3, bicubic");
    int crop = side(c, "crop_size", side);
    int shortSide = side(c, "size", crop);
    c.require(crop <= shortSide, "crop_size", "at most size, " + shortSide);
    c.require(crop == side, json.has("crop_size") ? "crop_size" : "size", "the model's " + side);
    return new ClipPreprocess(shortSide, crop, Normalization.of(json));
  }

  /// A number, `{"shortest_edge": …}` or two equal ones.
  private static int side(ConfigValues c, String key, int otherwise) {
    if (!(c.json().find(key) instanceof Json.Obj)) {
      return c.count(key, otherwise);
    }
    ConfigValues size = c.at(key);
    if (size.json().has("shortest_edge")) {
      return size.count("shortest_edge");
    }
    int side = size.count("height");
    size.require(size.count("width") == side, "width", "the height, " + side);
    return side;
  }
}
