package org.internvl4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.internvl4j.loader.json.JsonWriter;
import org.internvl4j.media.PictureException;
import org.internvl4j.models.OpenOptions;
import org.internvl4j.models.VisionClassifier;
import org.internvl4j.models.heads.LinearProbe.Guess;

/// Classification by a linear probe that was trained for a tower.
///
/// @param head the probe's file
/// @param names of its classes; empty for their numbers
/// @param top how many classes are told of each picture
record Probing(Path head, List<String> names, int top, boolean json, Console console) {
  int run(ContrastiveOptions options, Map<String, Path> files) throws IOException {
    Logging.to(console);
    OpenOptions open = options.model.openOptions(console);
    try (VisionClassifier classifier =
        VisionClassifier.open(options.model.checkpoint(console), head, open)) {
      ClassNames.require(names, classifier.classes(), head);
      Progress progress = new Progress(console);
      int code = ExitCodes.OK;
      int done = 0;
      for (Map.Entry<String, Path> file : files.entrySet()) {
        try {
          var tiles = classifier.cropped(options.pictures.read(file.getValue()));
          List<Guess> guesses = classifier.classify(tiles).getFirst();
          progress.clear();
          tell(file.getKey(), guesses.subList(0, Math.min(top, guesses.size())));
        } catch (PictureException e) {
          progress.clear();
          code = ExitCodes.of(e, console);
        }
        progress.show("looking at pictures", ++done, files.size());
      }
      progress.clear();
      return code;
    }
  }

  private void tell(String picture, List<Guess> guesses) {
    if (json) {
      JsonWriter line = new JsonWriter().object().field("picture", picture).array("classes");
      for (Guess guess : guesses) {
        line.object()
            .field("class", ClassNames.of(names, guess.index()))
            .field("index", guess.index())
            .field("probability", guess.probability())
            .field("logit", guess.logit())
            .end();
      }
      console.out().println(line.end().end());
    } else {
      console.out().println(console.bold(picture));
      for (Guess guess : guesses) {
        console
            .out()
            .println(
                "  %5.1f %%  %s"
                    .formatted(100 * guess.probability(), ClassNames.of(names, guess.index())));
      }
    }
  }
}
