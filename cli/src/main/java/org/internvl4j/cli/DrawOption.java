package org.internvl4j.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.internvl4j.media.Overlay;
import org.internvl4j.media.Pictures;
import org.internvl4j.models.Answer;
import org.internvl4j.models.Question;
import org.internvl4j.models.grounding.Region;
import org.internvl4j.models.image.Picture;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// The picture of a question, with the boxes of its answer drawn over it.
final class DrawOption {
  @Option(
      names = "--draw",
      paramLabel = "OUT.png",
      description = "Write the picture with the boxes of the answer, and their labels, over it.")
  @Nullable Path file;

  /// Asks whether the file can be written, before anything is computed; does nothing if none is
  /// wanted.
  ///
  /// @param pictures what the only question is about
  void require(List<Path> pictures) {
    if (file != null) {
      requireOne(pictures.size());
      requireTarget(file, pictures);
    }
  }

  /// Asks the same of a question that may be about more pictures than files.
  void require(Question question) {
    if (file != null) {
      requireOne(question.images().size());
    }
  }

  /// @param inputs files that are not written over
  /// @throws UsageException if its name is not that of a PNG file
  /// @throws IllegalArgumentException if it is a folder, or one of the inputs
  /// @throws UncheckedIOException if its folder is not there, or may not be written to
  static void requireTarget(Path target, List<Path> inputs) {
    if (!target.toString().toLowerCase(Locale.ROOT).endsWith(".png")) {
      throw new UsageException(target + ": expected a name that ends in .png, to draw into");
    }
    try {
      Outputs.requireFile(target);
      for (Path input : inputs) {
        if (Files.exists(target) && Files.exists(input) && Files.isSameFile(input, target)) {
          throw new IllegalArgumentException(
              target + ": is a picture that was asked about, expected another file to draw into");
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void requireOne(int pictures) {
    if (pictures != 1) {
      throw new UsageException(
          "boxes can be drawn over one picture, found " + (pictures == 0 ? "none" : pictures));
    }
  }

  /// Draws an answer into the file, if one is wanted.
  void draw(Console console, Answer answer, Shown shown) {
    if (file != null) {
      draw(console, answer, shown, file);
    }
  }

  /// Draws an answer into a file. Without a box in it, says so and writes nothing.
  ///
  /// @throws UsageException if there is no picture, or more than one
  static void draw(Console console, Answer answer, Shown shown, Path target) {
    List<Region> regions = answer.regions();
    if (regions.isEmpty()) {
      console.complain("the answer has no box, so " + target + " is not written");
      return;
    }
    requireOne(shown.count());
    Picture picture = shown.only();
    if (picture == null) {
      throw new AssertionError("pictures of questions are whole here");
    }
    requireTarget(target, shown.files());
    Pictures.writePng(Overlay.draw(picture, regions), target);
    console.note(
        Overlay.hasFont()
            ? target.toString()
            : target + ", without labels: Java finds no font on this machine");
  }
}
