package org.internvl4j.models.chat;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class MarksTest {
  @Test
  void onePictureGoesInFront() {
    assertThat(Marks.place("What?", 1, 0, true)).isEqualTo("<image>\nWhat?");
  }

  @Test
  void severalPicturesAreNumbered() {
    assertThat(Marks.place("Compare.", 2, 0, true))
        .isEqualTo("Image-1: <image>\nImage-2: <image>\nCompare.");
  }

  @Test
  void numbersGoOnThroughTheConversation() {
    assertThat(Marks.place("And this?", 1, 2, true)).isEqualTo("Image-3: <image>\nAnd this?");
  }

  @Test
  void marksOfTheUserStayWhereTheyAre() {
    assertThat(Marks.place("Left <image>, right <image>.", 2, 0, true))
        .isEqualTo("Left <image>, right <image>.");
  }

  @Test
  void eachMarkBecomesTheTokensOfItsPicture() {
    assertThat(Marks.expand("a <image> b <image> c <image>", List.of(2, 1)).toString())
        .isEqualTo("a <img><IMG_CONTEXT><IMG_CONTEXT></img> b <img><IMG_CONTEXT></img> c <image>");
  }

  @Test
  void leavesSeveralWithoutNumbersWhereTheTemplateDoes() {
    assertThat(Marks.place("Compare.", 2, 1, false)).isEqualTo("<image>\n<image>\nCompare.");
    assertThat(Marks.place("What?", 1, 3, false)).isEqualTo("<image>\nWhat?");
    assertThat(Marks.place("A <image>?", 1, 0, false)).isEqualTo("A <image>?");
  }
}
