package org.internvl4j.media.pdf;

import java.util.List;
import org.internvl4j.models.image.Picture;

/// A page as a picture.
///
/// @param number counted from 1
/// @param picture as it would be printed, on white
/// @param problems what is missing in it, a sentence each: pictures that could not be decoded, and
///   parts that could not be drawn
public record PdfPage(int number, Picture picture, List<String> problems) {
  public PdfPage {
    problems = List.copyOf(problems);
  }
}
