package org.internvl4j.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.internvl4j.loader.json.JsonWriter;
import org.internvl4j.models.text.PromptText;
import org.internvl4j.models.text.Specials;
import org.internvl4j.models.text.Tokenizer;
import org.internvl4j.models.text.Tokenizers;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "tokenize", description = "Shows the token ids of a text and their pieces.")
final class TokenizeCommand implements Callable<Integer> {
  private final Console console;

  @Option(
      names = {"-m", "--model"},
      required = true,
      paramLabel = "MODEL",
      defaultValue = "${env:INTERNVL_MODEL}",
      description = "Whose tokenizer; no weights are needed.")
  private String model = "";

  @Option(
      names = "--special",
      description =
          "Read control tokens in the text, such as <|im_end|>, as such; else they are plain text.")
  private boolean special;

  @Option(names = "--ids", description = "Only the ids, in one line.")
  private boolean idsOnly;

  @Option(names = "--json", description = "One line of JSON.")
  private boolean json;

  @Parameters(arity = "0..*", paramLabel = "TEXT", description = "The text; absent, stdin.")
  private List<String> words = List.of();

  TokenizeCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    Tokenizer tokenizer = Tokenizers.load(ModelOptions.files(model, console));
    String text =
        words.isEmpty()
            ? new String(console.in().readAllBytes(), StandardCharsets.UTF_8)
            : String.join(" ", words);
    int[] ids = tokenizer.encode(special ? PromptText.trusted(text) : PromptText.literal(text));
    if (json) {
      console.out().println(line(tokenizer, ids));
    } else if (idsOnly) {
      console
          .out()
          .println(Arrays.stream(ids).mapToObj(Integer::toString).collect(Collectors.joining(" ")));
    } else {
      for (int id : ids) {
        console
            .out()
            .println("%7d  %-16s %s".formatted(id, tokenizer.token(id), text(tokenizer, id)));
      }
      console.note(ids.length + (ids.length == 1 ? " token" : " tokens"));
    }
    return ExitCodes.OK;
  }

  private static String line(Tokenizer tokenizer, int... ids) {
    JsonWriter line = new JsonWriter().object().array("ids");
    Arrays.stream(ids).forEach(line::value);
    line.end().array("pieces");
    Arrays.stream(ids).forEach(id -> line.value(tokenizer.token(id)));
    return line.end().end().toString();
  }

  /// What a token alone decodes to, quoted and escaped; `"\ufffd"` where it is a part of a
  /// character.
  private static String text(Tokenizer tokenizer, int id) {
    String text = tokenizer.decode(new int[] {id}, Specials.KEEP);
    return new JsonWriter().array().value(text).end().toString().replaceAll("^\\[|]$", "");
  }
}
