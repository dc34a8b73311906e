package org.internvl4j.models.grounding;

import java.util.List;

/// A thing that the model named, and where it sees it.
///
/// @param label its name; empty where the answer gives none
/// @param boxes one, or several of a kind; in the order of the answer
public record Region(String label, List<Box> boxes) {
  public Region {
    boxes = List.copyOf(boxes);
  }
}
