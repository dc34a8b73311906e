package org.internvl4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.internvl4j.loader.json.JsonWriter;
import org.internvl4j.media.PictureOptions;
import org.internvl4j.media.Pictures;
import org.internvl4j.models.OpenOptions;
import org.internvl4j.search.Embedder;
import org.internvl4j.search.Graph;
import org.internvl4j.search.Hit;
import org.internvl4j.search.Index;
import org.internvl4j.search.IndexModel;
import org.internvl4j.search.IndexOptions;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "search",
    description = {
      "Finds pictures of an index by a text or by a picture, nearest first, with their cosines.",
      "With --duplicates it lists groups of pictures that look nearly the same. 'index' makes the index."
    })
final class SearchCommand implements Computing {
  private final Console console;

  @Mixin private final DeviceOptions device = new DeviceOptions();

  @Parameters(
      arity = "0..1",
      paramLabel = "TEXT",
      description = "What is on the pictures; for indices of InternVL-14B.")
  private @Nullable String text;

  @Option(
      names = {"-x", "--index"},
      required = true,
      paramLabel = "DIR",
      description = "The index.")
  private Path folder = Path.of("");

  @Option(
      names = {"-i", "--image"},
      paramLabel = "PICTURE",
      description = "A picture that they look like; one of the index needs no model.")
  private @Nullable Path picture;

  @Option(
      names = {"-m", "--model"},
      paramLabel = "MODEL",
      description = "Where the index's model is now. Default: where it was.")
  private @Nullable String model;

  @Option(
      names = "--top",
      paramLabel = "K",
      defaultValue = "10",
      description = "How many are told (${DEFAULT-VALUE}).")
  private int top = 10;

  @Option(names = "--json", description = "A line of JSON for each, or for each group.")
  private boolean json;

  @Option(
      names = "--approximate",
      description =
          "By the graph of 'index --graph': milliseconds for millions of pictures; now and then one is missed.")
  private boolean approximate;

  @Option(names = "--duplicates", description = "Lists groups that look nearly the same.")
  private boolean duplicates;

  @Option(
      names = "--threshold",
      paramLabel = "COSINE",
      defaultValue = "0.98",
      description = "Least cosine of duplicates (${DEFAULT-VALUE}); 1 for the same vectors alone.")
  private double threshold = 0.98;

  SearchCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    Logging.to(console);
    int asked = (text == null ? 0 : 1) + (picture == null ? 0 : 1) + (duplicates ? 1 : 0);
    if (asked != 1) {
      throw new UsageException("expected a text, a picture (-i) or --duplicates, one of the three");
    }
    if (top < 1) {
      throw new UsageException("--top is " + top + ", expected at least 1");
    }
    if (!(threshold > 0 && threshold <= 1)) {
      throw new UsageException("--threshold is " + threshold + ", expected above 0, at most 1");
    }
    OpenOptions opening = device.openOptions(console);
    try (Index index = Index.open(folder, opening.threads());
        @Nullable Graph graph = approximate ? Graph.open(index) : null) {
      if (duplicates) {
        tellDuplicates(index, graph);
      } else {
        float[] query = query(index, opening);
        List<Hit> hits = graph == null ? index.nearest(query, top) : graph.nearest(query, top);
        hits.forEach(this::tell);
      }
      String remark = index.remark();
      if (remark != null) {
        console.note("internvl: warning: " + ExitCodes.line(remark));
      }
    }
    return ExitCodes.OK;
  }

  private float[] query(Index index, OpenOptions opening) throws IOException {
    if (picture == null) {
      index.requireTexts();
    }
    byte[] content = picture == null ? null : Pictures.bytes(picture, PictureOptions.DEFAULT);
    float[] known = content == null ? null : index.vector(content);
    if (known != null) {
      return known;
    }
    ModelOptions named = new ModelOptions();
    named.model = model == null ? index.model() : model;
    IndexModel opens =
        IndexModel.of(named.model, () -> named.checkpoint(console), opening, index.kind());
    PictureOptions pictures = PictureOptions.DEFAULT.withOrientation(index.isUpright());
    index.requireSame(opens, new IndexOptions(pictures, false));
    try (Embedder embedder = opens.open()) {
      return content == null
          ? embedder.text(String.valueOf(text))
          : embedder.picture(Pictures.read(content, String.valueOf(picture), pictures));
    }
  }

  private void tell(Hit hit) {
    console
        .out()
        .println(
            json
                ? hit(new JsonWriter(), hit).toString()
                : "%6.3f  %s".formatted(hit.cosine(), ExitCodes.line(hit.path())));
  }

  private static JsonWriter hit(JsonWriter line, Hit hit) {
    return line.object().field("path", hit.path()).field("cosine", hit.cosine()).end();
  }

  private void tellDuplicates(Index index, @Nullable Graph graph) {
    IndexProgress progress = new IndexProgress(console);
    List<List<Hit>> groups;
    try {
      groups =
          graph == null
              ? index.duplicates(threshold, part -> progress.part("comparing", part))
              : graph.duplicates(threshold, part -> progress.part("comparing", part));
    } finally {
      progress.clear();
    }
    for (List<Hit> group : groups) {
      if (json) {
        JsonWriter line = new JsonWriter().object().array("pictures");
        group.forEach(hit -> hit(line, hit));
        console.out().println(line.end().end());
      } else {
        console.out().println(console.bold(group.size() + " pictures"));
        group.forEach(this::tell);
      }
    }
    int pictures = groups.stream().mapToInt(List::size).sum();
    console.note(
        groups.isEmpty()
            ? "no two of %d pictures have a cosine of %s".formatted(index.pictures(), threshold)
            : "%d %s of %d pictures"
                .formatted(groups.size(), groups.size() == 1 ? "group" : "groups", pictures));
  }
}
