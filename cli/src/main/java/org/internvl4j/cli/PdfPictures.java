package org.internvl4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.internvl4j.media.pdf.IsolatedPdf;
import org.internvl4j.media.pdf.PdfPage;
import org.internvl4j.models.image.Picture;
import org.internvl4j.models.image.Tiling;

/// Reads pages of a PDF file, with a line that says how far it is, and tells what is missing in
/// them.
final class PdfPictures {
  private static final String FONTS = "pdfbox.fontcache"; // where the library lists the fonts

  private PdfPictures() {}

  /// @param ranges `1-3,7`; blank for all
  static List<Picture> read(Path file, String ranges, Tiling tiling, Console console) {
    Logging.to(console);
    keepFontsInTheCache(console);
    Progress progress = new Progress(console);
    progress.show("opening " + file);
    List<PdfPage> pages;
    try (IsolatedPdf pdf = IsolatedPdf.open(file)) {
      pages =
          pdf.pages(ranges, tiling, (done, total) -> progress.show("drawing pages", done, total));
    } finally {
      progress.clear();
    }
    List<Picture> pictures = new ArrayList<>();
    for (PdfPage page : pages) {
      for (String problem : page.problems()) {
        console.complain("%s: page %d: %s".formatted(file, page.number(), problem));
      }
      pictures.add(page.picture());
    }
    return pictures;
  }

  /// The library's list of the system's fonts would lie in the user's home folder.
  static void keepFontsInTheCache(Console console) {
    if (System.getProperty(FONTS) != null) {
      return;
    }
    String cache = console.environment().getOrDefault("XDG_CACHE_HOME", "");
    Path folder =
        (cache.isBlank() ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(cache))
            .resolve("internvl4j");
    try {
      System.setProperty(FONTS, Files.createDirectories(folder).toString());
    } catch (IOException e) {
      System.setProperty(FONTS, System.getProperty("java.io.tmpdir"));
    }
  }
}
