package org.internvl4j.models.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class MarkedTextTest {
  private static MarkedText of(String text) {
    return new MarkedText(text, Marks.find(text));
  }

  private static String placed(String text, int images, int earlier, boolean numbered) {
    return of(text).placed(images, earlier, numbered).text();
  }

  @Test
  void onePictureGoesInFront() {
    assertThat(placed("What?", 1, 0, true)).isEqualTo("<image>\nWhat?");
    assertThat(placed("What?", 0, 0, true)).isEqualTo("What?");
  }

  @Test
  void severalPicturesAreNumbered() {
    assertThat(of("Compare.").placed(2, 0, true))
        .isEqualTo(of("Image-1: <image>\nImage-2: <image>\nCompare."));
  }

  @Test
  void numbersGoOnThroughTheConversation() {
    assertThat(placed("And this?", 1, 2, true)).isEqualTo("Image-3: <image>\nAnd this?");
  }

  @Test
  void marksOfTheUserStayWhereTheyAre() {
    assertThat(placed("Left <image>, right <image>.", 2, 0, true))
        .isEqualTo("Left <image>, right <image>.");
  }

  @Test
  void eachMarkBecomesTheTokensOfItsPicture() {
    assertThat(of("a <image> b <image> c <image>").expand(List.of(2, 1)).toString())
        .isEqualTo("a <img><IMG_CONTEXT><IMG_CONTEXT></img> b <img><IMG_CONTEXT></img> c <image>");
  }

  @Test
  void whatOnlyLooksLikeAMarkStaysText() {
    MarkedText second = new MarkedText("Is <image> a tag? <image>", List.of(18));
    assertThat(second.expand(List.of(1)).toString())
        .isEqualTo("Is <image> a tag? <img><IMG_CONTEXT></img>");
    MarkedText none = new MarkedText("Is <image> a tag?", List.of()).placed(1, 0, true);
    assertThat(none).isEqualTo(new MarkedText("<image>\nIs <image> a tag?", List.of(0)));
    assertThat(none.expand(List.of(1)).toString())
        .isEqualTo("<img><IMG_CONTEXT></img>\nIs <image> a tag?");
  }

  @Test
  void refusesMarksThatAreNotThere() {
    assertThatThrownBy(() -> new MarkedText("a <image>", List.of(1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "question: a mark is said to begin at character 1, expected <image> there, behind the mark before");
    assertThatThrownBy(() -> new MarkedText("<image>", List.of(0, 0)))
        .hasMessageContaining("character 0,");
    assertThatThrownBy(() -> new MarkedText("<image>", List.of(-1)))
        .hasMessageContaining("character -1,");
  }

  @Test
  void leavesSeveralWithoutNumbersWhereTheTemplateDoes() {
    assertThat(placed("Compare.", 2, 1, false)).isEqualTo("<image>\n<image>\nCompare.");
    assertThat(placed("What?", 1, 3, false)).isEqualTo("<image>\nWhat?");
    assertThat(placed("A <image>?", 1, 0, false)).isEqualTo("A <image>?");
  }
}
