package org.internvl4j.models;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.internvl4j.models.chat.ChatTemplate;
import org.internvl4j.models.chat.ChatTemplate.Exchange;
import org.internvl4j.models.image.Tiles;
import org.internvl4j.models.text.IntList;
import org.internvl4j.models.text.PromptText;
import org.jspecify.annotations.Nullable;

/// A prompt as the decoder sees it: ids, and the tiles that the image tokens among them stand for.
///
/// @param ids all tokens
/// @param imageToken the id that stands for a place where image tokens go
/// @param tiles all tiles, in the order of their places
/// @param tokensPerTile places a tile takes
record Prompt(int[] ids, int imageToken, List<Tile> tiles, int tokensPerTile) {
  /// One tile of a picture.
  record Tile(Tiles tiles, int index, String digest) {}

  Prompt {
    tiles = List.copyOf(tiles);
    int places = (int) Arrays.stream(ids).filter(id -> id == imageToken).count();
    if (places != tiles.size() * tokensPerTile) {
      throw new IllegalArgumentException(
          "prompt: has places for "
              + places
              + " image tokens but "
              + tiles.size()
              + " tiles make "
              + tiles.size() * tokensPerTile);
    }
  }

  /// A question and the answer it got.
  record Said(Asked asked, String answer) {}

  /// The prompt of a conversation: its whole text, tokenised anew, and all its pictures.
  ///
  /// @param system the system message, or null for the checkpoint's own
  /// @param said oldest first
  /// @param open the question that waits for its answer
  static Prompt of(
      VisionLanguageModel model, @Nullable String system, List<Said> said, Asked open) {
    ChatTemplate template =
        system == null ? model.template() : model.template().withSystemMessage(system);
    PicturePlaces places = model.places();
    int perTile = model.config().tokensPerTile();
    List<Tile> tiles = new ArrayList<>();
    List<Exchange> exchanges = new ArrayList<>();
    for (Said s : said) {
      exchanges.add(new Exchange(expand(s.asked(), places, perTile, tiles), s.answer()));
    }
    exchanges.add(new Exchange(expand(open, places, perTile, tiles), null));
    int[] ids = places.encode(template.render(exchanges));
    return new Prompt(ids, places.id(), tiles, perTile);
  }

  /// The prompt of a dialogue.
  static Prompt of(VisionLanguageModel model, Dialogue dialogue) {
    List<Said> said = new ArrayList<>();
    int pictures = 0;
    for (Dialogue.Earlier earlier : dialogue.earlier()) {
      Asked asked = Asked.of(model, earlier.question(), pictures);
      pictures += asked.pictures().size();
      said.add(new Said(asked, earlier.answer()));
    }
    return of(model, dialogue.system(), said, Asked.of(model, dialogue.question(), pictures));
  }

  /// The prompt of a question that stands alone.
  static Prompt single(VisionLanguageModel model, Question question) {
    return of(model, null, List.of(), Asked.of(model, question, 0));
  }

  /// A text alone, with no template around it.
  static Prompt bare(VisionLanguageModel model, Question question) {
    List<Tile> tiles = new ArrayList<>();
    int perTile = model.config().tokensPerTile();
    PromptText text = expand(Asked.of(model, question, 0), model.places(), perTile, tiles);
    int[] ids = model.places().encode(text);
    return new Prompt(ids, model.places().id(), tiles, perTile);
  }

  /// The text of a question with the tokens of its pictures in it; the tiles join `tiles`.
  private static PromptText expand(
      Asked asked, PicturePlaces places, int perTile, List<Tile> tiles) {
    for (Tiles picture : asked.pictures()) {
      for (int i = 0; i < picture.count(); i++) {
        tiles.add(new Tile(picture, i, picture.digest() + "/" + i));
      }
    }
    return places.expand(
        asked.text(), asked.pictures().stream().map(p -> p.count() * perTile).toList());
  }

  int length() {
    return ids.length;
  }

  /// Places for image tokens among the first `tokens` tokens.
  int placesBefore(int tokens) {
    int places = 0;
    for (int i = 0; i < tokens; i++) {
      places += ids[i] == imageToken ? 1 : 0;
    }
    return places;
  }

  /// The tiles that have places at token `from` or behind it.
  List<Tile> tilesFrom(int from) {
    return tiles.subList(placesBefore(from) / tokensPerTile, tiles.size());
  }

  /// How many tokens from the start this prompt shares with an earlier one and the answer that
  /// followed it, pictures compared by content.
  ///
  /// @param made ids that were chosen after `earlier`
  int commonPrefix(Prompt earlier, IntList made) {
    int place = 0;
    int n = Math.min(length(), earlier.length() + made.size());
    for (int i = 0; i < n; i++) {
      boolean inPrompt = i < earlier.length();
      if (ids[i] != (inPrompt ? earlier.ids[i] : made.get(i - earlier.length()))) {
        return i;
      }
      if (ids[i] == imageToken) {
        int tile = place++ / tokensPerTile;
        if (!inPrompt || !tiles.get(tile).digest().equals(earlier.tiles.get(tile).digest())) {
          return i;
        }
      }
    }
    return n;
  }
}
