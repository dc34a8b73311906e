package org.internvl4j.models;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AnswerTextTest {
  @Test
  void dropsWhiteSpaceAtBothEndsOnly() {
    List<String> told = new ArrayList<>();
    AnswerText text = new AnswerText(List.of("<end>"), told::add);
    text.add(" \n");
    text.add(" A cat");
    text.add("  ");
    text.add("sits.");
    text.add(" \n\n");
    assertThat(text.finish()).isEqualTo("A cat  sits.");
    assertThat(told).containsExactly("A cat", "  sits.");
  }

  @Test
  void holdsBackWhatMayBecomeAStopText() {
    List<String> told = new ArrayList<>();
    AnswerText text = new AnswerText(List.of("<end>"), told::add);
    assertThat(text.add("one <e")).isFalse();
    assertThat(told).containsExactly("one");
    assertThat(text.add("x two <en")).isFalse();
    assertThat(text.add("d> three")).isTrue();
    assertThat(text.finish()).isEqualTo("one <ex two");
    assertThat(String.join("", told)).isEqualTo("one <ex two");
  }

  @Test
  void endsAtTheFirstOfSeveralStopTexts() {
    AnswerText text = new AnswerText(List.of("zz", "b"), piece -> {});
    assertThat(text.add("a b zz")).isTrue();
    assertThat(text.finish()).isEqualTo("a");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 5, 100})
  void piecesOfAnySizeGiveTheSameText(int size) {
    String whole = "  The <e nd> of <end the st<ory.<end>never said";
    List<String> told = new ArrayList<>();
    AnswerText text = new AnswerText(List.of("<end>"), told::add);
    boolean stopped = false;
    for (int i = 0; i < whole.length() && !stopped; i += size) {
      stopped = text.add(whole.substring(i, Math.min(whole.length(), i + size)));
    }
    assertThat(stopped).isTrue();
    assertThat(text.finish()).isEqualTo("The <e nd> of <end the st<ory.");
    assertThat(String.join("", told)).isEqualTo("The <e nd> of <end the st<ory.");
  }
}
