package org.internvl4j.models.grounding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.internvl4j.models.Question;
import org.internvl4j.models.image.Picture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GroundingTest {
  private static final int HOSTILE = 1 << 17;
  private static final String CAT = "<ref>cat</ref><box>[[1, 2, 3, 4]]</box>";

  /// `label=x1,y1,x2,y2 …; label=…`
  private static String read(String text) {
    return Grounding.parse(text).stream()
        .map(region ->
            region.label()
                + "="
                + region.boxes().stream()
                    .map(b -> b.x1() + "," + b.y1() + "," + b.x2() + "," + b.y2())
                    .collect(Collectors.joining(" ")))
        .collect(Collectors.joining("; "));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      emptyValue = "",
      value = {
        "<ref>cat</ref><box>[[1, 2, 3, 4]]</box>                          | cat=1,2,3,4",
        "<ref>cat</ref><box>[[0, 0, 1000, 1000]]</box>                    | cat=0,0,1000,1000",
        "<ref> a cat </ref> <box> [ [ 1 ,2,3 , 4 ] ] </box>               | a cat=1,2,3,4",
        "<ref>cat</ref><box>[[1,2,3,4],[5,6,7,8]]</box>                   | cat=1,2,3,4 5,6,7,8",
        "<ref>cat</ref><box>[1, 2, 3, 4]</box>                            | cat=1,2,3,4",
        "<ref>cat</ref><box>[1, 2, 3, 4], [5, 6, 7, 8]</box>              | cat=1,2,3,4 5,6,7,8",
        "<ref>cat</ref><box>[[[1, 2, 3, 4]]]</box>                        | cat=1,2,3,4",
        "<ref>cat</ref>[[1, 2, 3, 4]]                                     | cat=1,2,3,4",
        "<ref>cat</ref> [1, 2, 3, 4] and [5, 6, 7, 8]                     | cat=1,2,3,4",
        "A <ref>cat</ref><box>[[1,2,3,4]]</box> and <ref>dog</ref><box>[[5,6,7,8]]</box>. | cat=1,2,3,4; dog=5,6,7,8",
        "The <ref>cat</ref> is at <box>[[1,2,3,4]]</box>                  | cat=1,2,3,4",
        "<ref>cat</ref><box>[[1,2,3,4]]</box>, <box>[[5,6,7,8]]</box>     | cat=1,2,3,4 5,6,7,8",
        "<ref>cat</ref><box>[[1,2,3,4]]</box> or <box>[[5,6,7,8]]</box>   | cat=1,2,3,4; =5,6,7,8",
        "<box>[[1, 2, 3, 4]]</box>                                        | =1,2,3,4",
        "It is here: <box>[[1,2,3,4]]</box><box>[[5,6,7,8]]</box>         | =1,2,3,4; =5,6,7,8",
        "<ref></ref><box>[[1, 2, 3, 4]]</box>                             | =1,2,3,4",
        "<ref>cat<box>[[1, 2, 3, 4]]</box>                                | cat=1,2,3,4",
        "<ref>a</ref><ref>b</ref><box>[[1, 2, 3, 4]]</box>                | b=1,2,3,4",
        "<ref>红色圆形</ref><box>[[1，2，3，4]]</box>                         | 红色圆形=1,2,3,4",
        "<ref>a [1] < b</ref><box>[[1, 2, 3, 4]]</box>                    | a [1] < b=1,2,3,4",
        // numbers
        "<ref>cat</ref><box>[[1.4, 2.5, 3.49, 4.]]</box>                  | cat=1,3,3,4",
        "<ref>cat</ref><box>[[.6, 0.2, 999.5, 12.75]]</box>               | cat=1,0,1000,13",
        "<ref>cat</ref><box>[[-5, -0.9, 1001, 70000]]</box>               | cat=0,0,1000,1000",
        "<ref>cat</ref><box>[[30, 40, 10, 20]]</box>                      | cat=10,20,30,40",
        "<ref>cat</ref><box>[[30, 20, 10, 40]]</box>                      | cat=10,20,30,40",
        "<ref>cat</ref><box>[[7, 7, 7, 7]]</box>                          | cat=7,7,7,7",
        "<ref>cat</ref><box>[[007, 8, 99999999999999999999, 9]]</box>     | cat=7,8,1000,9",
        // no boxes
        "<ref>cat</ref><box>[[1, 2, 3]]</box>                             | ''",
        "<ref>cat</ref><box>[[1, 2, 3, 4, 5]]</box>                       | ''",
        "<ref>cat</ref><box>[[1, 2, x, 4]]</box>                          | ''",
        "<ref>cat</ref><box>[[1, 2,, 4]]</box>                            | ''",
        "<ref>cat</ref><box>[[1 2 3 4]]</box>                             | ''",
        "<ref>cat</ref><box>[[-, ., 3, 4]]</box>                          | ''",
        "<ref>cat</ref><box></box>                                        | ''",
        "<ref>cat</ref><box>none</box>                                    | ''",
        "<ref>cat</ref> is not there                                      | ''",
        "<ref>cat</ref><box>[[1, 2, x, 4], [5, 6, 7, 8]]</box>            | cat=5,6,7,8",
        "<box>[[1,2,3,4]]</box> the matrix [[5,6,7,8]]                    | =1,2,3,4",
        // cut off
        "<ref>cat</ref><box>[[1, 2, 3, 4                                  | ''",
        "<ref>cat</ref><box>[[1, 2, 3, 4]                                 | cat=1,2,3,4",
        "<ref>cat</ref><box>[[1, 2, 3, 4], [5, 6                          | cat=1,2,3,4",
        "<ref>cat</ref><bo                                                | ''",
        "<ref>ca                                                          | ''",
        // without marks
        "car[[561, 660, 695, 1000]]                                       | car=561,660,695,1000",
        "car [[1, 2, 3, 4], [5, 6, 7, 8]]                                 | car=1,2,3,4 5,6,7,8",
        "a car[[1,2,3,4]], the red bus[[5,6,7,8]].                        | a car=1,2,3,4; the red bus=5,6,7,8",
        "- C++ book: [[1, 2, 3, 4]]                                       | C++ book=1,2,3,4",
        "[[1, 2, 3, 4]]                                                   | =1,2,3,4",
        "car[[1, 2, 3, 4], [5, 6                                          | car=1,2,3,4",
        "car[561, 660, 695, 1000]                                         | ''",
        "The list [1, 2, 3, 4] is short, see [[note]] and [[1]].          | ''",
        "a < b                                                            | ''",
        "''                                                               | ''"
      })
  void readsWhatModelsWrite(String text, String expected) {
    assertThat(read(text)).isEqualTo(expected);
  }

  @Test
  void labelsWithoutMarksBeginOnTheirLine() {
    assertThat(read("I see\ncar[[1, 2, 3, 4]]\n2. bus[[5, 6, 7, 8]]"))
        .isEqualTo("car=1,2,3,4; 2. bus=5,6,7,8");
  }

  @Test
  void everyBeginningOfAnAnswerGivesABeginningOfItsBoxes() {
    String whole = CAT + " and <ref>dog</ref><box>[[10, 20, 30, 40], [50, 60, 70, 800]]</box>.";
    List<Box> all = boxes(whole);
    assertThat(all).hasSize(3);
    int before = 0;
    for (int end = 0; end <= whole.length(); end++) {
      List<Box> some = boxes(whole.substring(0, end));
      assertThat(some).hasSizeGreaterThanOrEqualTo(before).isEqualTo(all.subList(0, some.size()));
      before = some.size();
    }
  }

  private static List<Box> boxes(String text) {
    return Grounding.parse(text).stream().flatMap(region -> region.boxes().stream()).toList();
  }

  /// A parser that goes back over what it has read would take hours for these.
  @ParameterizedTest
  @ValueSource(
      strings = {
        "[",
        "[[",
        "]",
        "<ref>",
        "<box>",
        "<box>[[",
        "<",
        "<box>[1,",
        "[[1,2,3,",
        "[[ ",
        "[[1,2,3,4]]",
        "<ref>a</ref>[",
        "<ref>a</ref><box>[[1,2,3,4]]</box>",
        "<box>[[1,2,3,4]]</box>",
        ",",
        "a ",
        "\n"
      })
  void hostileTextTakesTimeInProportion(String piece) {
    String text = piece.repeat(HOSTILE);
    for (String start : List.of("", "<ref>a</ref>", "<ref>a</ref><box>", "<box>[[", "[[", "[[1")) {
      List<Box> boxes = boxes(start + text);
      assertThat(boxes.size()).isIn(0, 1, HOSTILE - 1, HOSTILE);
      assertThat(Set.copyOf(boxes)).isSubsetOf(new Box(1, 2, 3, 4));
    }
  }

  @Test
  void longNumbersAreOnlyLarge() {
    String long9 = "9".repeat(HOSTILE);
    assertThat(boxes("<box>[[0." + long9 + ", -" + long9 + ", " + long9 + "." + long9 + ", 3]]"))
        .containsExactly(new Box(1, 0, 1000, 3));
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3})
  void anyTextIsReadAndEveryBoxLiesInThePicture(long seed) {
    List<String> pieces =
        List.of(
            "<ref>",
            "</ref>",
            "<box>",
            "</box>",
            "[",
            "[[",
            "]",
            "]]",
            ", ",
            "12",
            "-",
            ".",
            "1234567890123",
            "a",
            "\n",
            "，",
            "\ud83d",
            "<",
            CAT);
    Random random = new Random(seed);
    for (int i = 0; i < 2000; i++) {
      StringBuilder text = new StringBuilder();
      for (int n = random.nextInt(60); n > 0; n--) {
        text.append(pieces.get(random.nextInt(pieces.size())));
      }
      List<Region> regions = Grounding.parse(text.toString());
      assertThat(regions).allMatch(region -> !region.boxes().isEmpty());
      assertThat(boxes(text.append("</box>").append(CAT).toString()).getLast())
          .isEqualTo(new Box(1, 2, 3, 4));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0 0 1000 1000   | 448 448  | 0 0 448 448",
        "0 0 1000 1000   | 1 1      | 0 0 1 1",
        "500 250 750 500 | 800 400  | 400 100 600 200",
        "1 1 999 999     | 448 448  | 0 0 448 448",
        "3 3 997 997     | 448 448  | 1 1 447 447",
        "333 333 334 334 | 1000 100 | 333 33 334 34",
        "500 500 500 500 | 10 10    | 5 5 6 6",
        "1000 1000 1000 1000 | 10 20 | 9 19 10 20",
        "0 0 0 0         | 10 20    | 0 0 1 1",
        "999 0 1000 1000 | 2000000000 3 | 1998000000 0 2000000000 3"
      })
  void edgesBetweenPixelsMoveOutwards(String box, String size, String expected) {
    int[] b = ints(box);
    int[] s = ints(size);
    int[] e = ints(expected);
    Box.Pixels pixels = new Box(b[0], b[1], b[2], b[3]).on(s[0], s[1]);
    assertThat(pixels).isEqualTo(new Box.Pixels(e[0], e[1], e[2], e[3]));
    assertThat(pixels.width()).isEqualTo(e[2] - e[0]);
    assertThat(pixels.height()).isEqualTo(e[3] - e[1]);
  }

  private static int[] ints(String words) {
    return List.of(words.split(" ")).stream().mapToInt(Integer::parseInt).toArray();
  }

  @Test
  void boxesOutsideThePictureAreRefused() {
    assertThatThrownBy(() -> new Box(3, 0, 2, 1001))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("box: [3, 0, 2, 1001], expected 0 ≤ x1 ≤ x2 ≤ 1000 and 0 ≤ y1 ≤ y2 ≤ 1000");
    assertThatThrownBy(() -> new Box(0, 0, 1, 1).on(0, 7))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("box: the picture is 0 x 7, expected at least 1 x 1");
  }

  @Test
  void asksInTheWordsOfTheEvaluations() {
    Picture picture = Picture.ofRgb(1, 1, new byte[3]);
    Question question = Question.find(" the cat ", picture);
    assertThat(question)
        .isEqualTo(
            Question.of(
                "Please provide the bounding box coordinate of the region this sentence describes:"
                    + " <ref>the cat</ref>",
                picture));
    assertThatThrownBy(() -> Question.find(" ", picture))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("find: what to look for is empty, expected a few words");
  }

  @ParameterizedTest
  @ValueSource(strings = {"<ref>", "</ref>", "<box>", "</box>", "<image>"})
  void whatIsAskedForHasNoMarks(String mark) {
    assertThatThrownBy(() -> Grounding.question("cat" + mark + "dog"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("find: what to look for has the mark " + mark + " in it, expected words alone");
  }
}
