package org.internvl4j.search;

import java.util.Locale;

/// What the vectors of an index are.
public enum Kind {
  /// InternVL-C: what the tower sees, in one space with texts.
  C("InternVL-C", true),
  /// InternVL-G: and what QLLaMA's queries find in it, in the same space.
  G("InternVL-G", true),
  /// The mean of InternViT's patches: pictures that look alike are near, texts are nowhere.
  VIT("InternViT", false);

  private final String title;
  private final boolean readsTexts;

  Kind(String title, boolean readsTexts) {
    this.title = title;
    this.readsTexts = readsTexts;
  }

  /// What people call it.
  public String title() {
    return title;
  }

  /// Whether texts have vectors among those of pictures.
  public boolean readsTexts() {
    return readsTexts;
  }

  /// The word in files and on command lines: `c`, `g`, `vit`.
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
