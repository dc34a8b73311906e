package org.internvl4j.models.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.json.Json;

/// `vocab.json` and `merges.txt`, as Qwen2Tokenizer reads them.
final class BytePairLoader {
  static final String VOCABULARY = "vocab.json";
  static final String MERGES = "merges.txt";

  private BytePairLoader() {}

  static Tokenizer load(byte[] vocabJson, byte[] mergesText, TokenizerConfig config) {
    Vocabulary base = vocabulary(Json.parse(vocabJson, VOCABULARY), VOCABULARY);
    MergeTable merges = merges(lines(mergesText), base, MERGES);
    config.defaultRole("unk_token", "<|endoftext|>");
    config.defaultRole("eos_token", "<|endoftext|>");
    config.defaultRole("pad_token", "<|endoftext|>");
    Map<Integer, AddedToken> added = config.added(Map.of(), false, base::idOrNone, base.size());
    Vocabulary all = base.copy();
    added.forEach((id, token) -> all.override(token.content(), id, "tokenizer_config.json"));
    return new LoadedTokenizer(
        new LoadedTokenizer.Parts(
            all,
            new AddedTokens(added, null, true),
            new Normalizer.Nfc(),
            new BytePairEncoder(new WordSplitter(1), merges, base, false, VOCABULARY),
            -1,
            new int[0],
            new int[0],
            false,
            config.flag("clean_up_tokenization_spaces", false),
            tokens -> new ByteLevelDecoder(tokens, true)));
  }

  /// An object of token strings and ids.
  static Vocabulary vocabulary(Json json, String file) {
    Vocabulary vocabulary = new Vocabulary();
    json.fields().forEach((token, id) -> vocabulary.add(token, id.asInt(), file));
    return vocabulary;
  }

  /// Two tokens that become one, and where they stand.
  record Merge(String left, String right, String place) {}

  private static List<Merge> lines(byte[] bytes) {
    String text = Utf8.decodeStrictly(bytes, 0, bytes.length);
    if (text == null) {
      throw new CheckpointException(MERGES, "is not UTF-8");
    }
    List<Merge> merges = new ArrayList<>();
    int number = 0;
    for (int at = 0; at < text.length(); ) {
      int end = text.indexOf('\n', at);
      end = end < 0 ? text.length() : end;
      String line = text.substring(at, end).strip();
      at = end + 1;
      number++;
      if (!line.isEmpty() && !(number == 1 && line.startsWith("#version"))) {
        merges.add(merge(line, MERGES, "line " + number));
      }
    }
    return merges;
  }

  /// A merge written as two tokens with a space between.
  static Merge merge(String text, String file, String place) {
    int space = text.indexOf(' ');
    if (space <= 0 || space == text.length() - 1 || text.indexOf(' ', space + 1) >= 0) {
      throw new CheckpointException(
          file,
          place + " is " + Vocabulary.quote(text) + ", expected two tokens with a space between");
    }
    return new Merge(text.substring(0, space), text.substring(space + 1), place);
  }

  static MergeTable merges(List<Merge> merges, Vocabulary vocabulary, String file) {
    MergeTable table = new MergeTable(merges.size());
    for (int rank = 0; rank < merges.size(); rank++) {
      Merge merge = merges.get(rank);
      int left = known(merge.left, merge, vocabulary, file);
      int right = known(merge.right, merge, vocabulary, file);
      table.put(left, right, rank, known(merge.left + merge.right, merge, vocabulary, file));
    }
    return table;
  }

  private static int known(String token, Merge merge, Vocabulary vocabulary, String file) {
    int id = vocabulary.idOrNone(token);
    if (id < 0) {
      throw new CheckpointException(
          file,
          "%s merges %s and %s, but the vocabulary has no token %s"
              .formatted(
                  merge.place,
                  Vocabulary.quote(merge.left),
                  Vocabulary.quote(merge.right),
                  Vocabulary.quote(token)));
    }
    return id;
  }
}
