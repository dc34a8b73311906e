package org.internvl4j.models.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

final class PromptTextTest {
  private static final PromptText PROMPT =
      PromptText.builder()
          .trusted("<|im_start|>user\n")
          .literal("look: <image> and <image>")
          .literal("!")
          .trusted("<|im_end|>")
          .build();

  @Test
  void isItsWholeText() {
    assertThat(PROMPT).hasToString("<|im_start|>user\nlook: <image> and <image>!<|im_end|>");
    assertThat(PROMPT.length()).isEqualTo(PROMPT.toString().length());
    assertThat(PROMPT.isEmpty()).isFalse();
    assertThat(PromptText.literal("").isEmpty()).isTrue();
    assertThat(PromptText.builder().trusted("").literal("").build())
        .isEqualTo(PromptText.trusted(""));
  }

  @Test
  void knowsWhichCharactersAreTrusted() {
    int user = "<|im_start|>user\n".length();
    int end = PROMPT.toString().indexOf("<|im_end|>");
    assertThat(PROMPT.isTrusted(0, user)).isTrue();
    assertThat(PROMPT.isTrusted(0, user + 1)).isFalse();
    assertThat(PROMPT.isLiteral(user, end)).isTrue();
    assertThat(PROMPT.isLiteral(user - 1, end)).isFalse();
    assertThat(PROMPT.isLiteral(user, end + 1)).isFalse();
    assertThat(PROMPT.isTrusted(end, PROMPT.length())).isTrue();
    assertThat(PROMPT.isTrusted(user - 1, end + 1)).isFalse();
  }

  @Test
  void replacesTheFirstMarkFromTheLeftAndKeepsTheKinds() {
    PromptText image =
        PromptText.builder().trusted("<img>").trusted("<IMG_CONTEXT>").trusted("</img>").build();
    PromptText once = PROMPT.replaceFirst("<image>", image);
    assertThat(once.count("<image>")).isEqualTo(1);
    assertThat(once)
        .isEqualTo(
            PromptText.builder()
                .trusted("<|im_start|>user\n")
                .literal("look: ")
                .trusted("<img><IMG_CONTEXT></img>")
                .literal(" and <image>!")
                .trusted("<|im_end|>")
                .build());
    PromptText twice = once.replaceFirst("<image>", PromptText.literal("-"));
    assertThat(twice.count("<image>")).isZero();
    assertThat(twice.replaceFirst("<image>", image)).isSameAs(twice);
    assertThat(twice.toString()).endsWith(" and -!<|im_end|>");
  }

  @Test
  void replacesAMarkThatTwoKindsShare() {
    PromptText text = PromptText.builder().trusted("a<ima").literal("ge>b").build();
    assertThat(text.replaceFirst("<image>", PromptText.trusted("")))
        .isEqualTo(PromptText.builder().trusted("a").literal("b").build());
  }

  @Test
  void countsWithoutOverlap() {
    assertThat(PromptText.literal("aaaaa").count("aa")).isEqualTo(2);
    assertThatThrownBy(() -> PROMPT.count(""))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("the mark to look for is empty");
  }

  @Test
  void equalsByTextAndKinds() {
    assertThat(PromptText.trusted("ab")).isNotEqualTo(PromptText.literal("ab"));
    assertThat(PromptText.builder().trusted("a").trusted("b").build())
        .isEqualTo(PromptText.trusted("ab"))
        .hasSameHashCodeAs(PromptText.trusted("ab"));
    assertThat(PromptText.builder().trusted("a").literal("b").build())
        .isNotEqualTo(PromptText.trusted("ab"));
  }
}
