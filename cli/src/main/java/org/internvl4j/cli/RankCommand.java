package org.internvl4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.internvl4j.loader.json.JsonWriter;
import org.internvl4j.models.ContrastiveModel;
import org.internvl4j.models.contrastive.Retrieval;
import org.internvl4j.models.contrastive.Retrieval.Recall;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "rank",
    description = {
      "Finds the pictures that fit a text best, and the texts that fit a picture best.",
      "With --pairs it tells how often the right one is found. Needs InternVL-14B-224px or a kin."
    })
final class RankCommand implements Computing {
  private static final int[] RECALLS = {1, 5, 10};

  private final Console console;

  @Mixin private final ContrastiveOptions contrastive = new ContrastiveOptions();

  @Parameters(
      arity = "0..*",
      paramLabel = "PICTURE",
      description = "Picture files, folders of them, or - for a list on stdin.")
  private List<Path> files = List.of();

  @Option(
      names = {"-t", "--text"},
      paramLabel = "TEXT",
      description = "A text; repeated for others.")
  private List<String> texts = new ArrayList<>();

  @Option(names = "--texts", paramLabel = "FILE", description = "Texts, one a line.")
  private @Nullable Path textFile;

  @Option(
      names = "--pairs",
      paramLabel = "FILE",
      description =
          "Lines of a picture's path, a tab and its caption; paths are relative to the file. Tells recall at 1, 5, 10.")
  private @Nullable Path pairs;

  @Option(
      names = "--by-picture",
      description = "Of each picture the nearest texts, not of each text the nearest pictures.")
  private boolean byPicture;

  @Option(
      names = "--top",
      paramLabel = "K",
      defaultValue = "5",
      description = "How many are told (${DEFAULT-VALUE}).")
  private int top;

  @Option(names = "--json", description = "One line of JSON a text, a picture, or a recall.")
  private boolean json;

  RankCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    if (top < 1) {
      throw new UsageException("--top is " + top + ", expected at least 1");
    }
    List<String> wanted = new ArrayList<>(texts);
    if (textFile != null) {
      wanted.addAll(ContrastiveOptions.lines(textFile));
    }
    if ((pairs != null) == (!files.isEmpty() || !wanted.isEmpty())
        || files.isEmpty() != wanted.isEmpty()) {
      throw new UsageException("expected pictures and texts (-t, --texts), or --pairs FILE");
    }
    return pairs == null ? rank(wanted) : recall(Pairs.read(pairs));
  }

  private int rank(List<String> wanted) throws IOException {
    Map<String, Path> named = PictureFiles.of(files, console);
    try (ContrastiveModel model = contrastive.open(console)) {
      ContrastiveOptions.Seen seen = contrastive.see(model, named, true, console);
      Retrieval retrieval = new Retrieval(seen.features(), read(model, wanted));
      if (byPicture) {
        for (int p = 0; p < seen.names().size(); p++) {
          int picture = p;
          tell(
              "picture",
              seen.names().get(p),
              retrieval.textsFor(p),
              "text",
              wanted,
              text -> retrieval.cosine(picture, text));
        }
      } else {
        for (int t = 0; t < wanted.size(); t++) {
          int text = t;
          tell(
              "text",
              wanted.get(t),
              retrieval.picturesFor(t),
              "picture",
              seen.names(),
              picture -> retrieval.cosine(picture, text));
        }
      }
      return seen.code();
    }
  }

  private List<float[]> read(ContrastiveModel model, List<String> wanted) {
    Progress progress = new Progress(console);
    List<float[]> features =
        model.textFeatures(wanted, done -> progress.show("reading texts", done, wanted.size()));
    progress.clear();
    return features;
  }

  @FunctionalInterface
  private interface Nearness {
    double of(int index);
  }

  private void tell(
      String kind,
      String name,
      List<Integer> nearest,
      String others,
      List<String> names,
      Nearness nearness) {
    List<Integer> first = nearest.subList(0, Math.min(top, nearest.size()));
    if (json) {
      JsonWriter line = new JsonWriter().object().field(kind, name).array("nearest");
      for (int i : first) {
        line.object().field(others, names.get(i)).field("cosine", nearness.of(i)).end();
      }
      console.out().println(line.end().end());
      return;
    }
    console.out().println(console.bold(name));
    for (int i : first) {
      console.out().println("  %6.3f  %s".formatted(nearness.of(i), names.get(i)));
    }
  }

  // ---- recall

  /// Pictures and what is said of them.
  ///
  /// @param pictures by name
  /// @param pictureOf the picture of each caption
  private record Pairs(Map<String, Path> pictures, List<String> captions, List<String> pictureOf) {
    static Pairs read(Path file) throws IOException {
      Map<String, Path> pictures = new LinkedHashMap<>();
      List<String> captions = new ArrayList<>();
      List<String> pictureOf = new ArrayList<>();
      int number = 0;
      for (String line : ContrastiveOptions.lines(file)) {
        number++;
        int tab = line.indexOf('\t');
        if (tab < 1 || tab == line.length() - 1) {
          throw new IllegalArgumentException(
              file
                  + ": line "
                  + number
                  + " is not a picture's path, a tab and its caption: "
                  + line);
        }
        String picture = line.substring(0, tab);
        pictures.put(picture, file.resolveSibling(picture));
        captions.add(line.substring(tab + 1));
        pictureOf.add(picture);
      }
      if (captions.isEmpty()) {
        throw new IllegalArgumentException(file + ": has no pairs");
      }
      return new Pairs(pictures, captions, pictureOf);
    }
  }

  private int recall(Pairs all) {
    try (ContrastiveModel model = contrastive.open(console)) {
      ContrastiveOptions.Seen seen = contrastive.see(model, all.pictures, true, console);
      List<String> captions = new ArrayList<>();
      List<Integer> pictureOf = new ArrayList<>();
      for (int i = 0; i < all.captions.size(); i++) {
        int picture = seen.names().indexOf(all.pictureOf.get(i));
        if (picture >= 0) {
          captions.add(all.captions.get(i));
          pictureOf.add(picture);
        }
      }
      if (!captions.isEmpty()) {
        Retrieval retrieval = new Retrieval(seen.features(), read(model, captions));
        int[] of = pictureOf.stream().mapToInt(p -> p).toArray();
        tellRecalls(retrieval, of, seen.found().size());
      }
      return seen.code();
    }
  }

  private void tellRecalls(Retrieval retrieval, int[] pictureOf, int pictures) {
    if (!json) {
      console
          .out()
          .println(
              "%d pictures, %d captions   text → picture   picture → text"
                  .formatted(pictures, pictureOf.length));
    }
    for (int k : RECALLS) {
      Recall recall = retrieval.recall(k, pictureOf);
      console
          .out()
          .println(
              json
                  ? new JsonWriter()
                      .object()
                      .field("recall_at", k)
                      .field("text_to_picture", recall.pictures())
                      .field("picture_to_text", recall.texts())
                      .end()
                      .toString()
                  : "recall at %-2d  %6.2f %%  %6.2f %%"
                      .formatted(k, 100 * recall.pictures(), 100 * recall.texts()));
    }
  }
}
