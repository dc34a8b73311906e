package org.internvl4j.models.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.internvl4j.models.UnsupportedModelException;
import org.internvl4j.models.chat.ChatTemplate.Exchange;
import org.internvl4j.models.text.PromptText;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ChatTemplateTest {
  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '"',
      delimiter = ';',
      value = {
        "Hermes-2;<|im_start|>system\\nSYS<|im_end|><|im_start|>user\\nQ<|im_end|><|im_start|>assistant\\n",
        "internlm2-chat;<|im_start|>system\\nSYS<|im_end|><|im_start|>user\\nQ<|im_end|><|im_start|>assistant\\n",
        "internvl2_5;<|im_start|>system\\nSYS<|im_end|>\\n<|im_start|>user\\nQ<|im_end|>\\n<|im_start|>assistant\\n",
        "phi3-chat;<|system|>\\nSYS<|end|><|user|>\\nQ<|end|><|assistant|>\\n",
        "vicuna_v1.1;SYS USER: Q ASSISTANT:"
      })
  void promptOfOneQuestion(String template, String expected) {
    assertThat(render(ChatTemplate.of(template).withSystemMessage("SYS"), question("Q")))
        .isEqualTo(expected.replace("\\n", "\n"));
  }

  @Test
  void internVlZhBeginsWithASpace() {
    ChatTemplate template = ChatTemplate.of("internvl_zh");
    assertThat(render(template, question("Q"))).isEqualTo(" <human>: Q <bot>:");
    assertThat(render(template, new Exchange(PromptText.literal("Q"), "A"), question("R")))
        .isEqualTo(" <human>: Q <bot>: A</s><human>: R <bot>:");
  }

  @Test
  void anEmptyQuestionEmitsItsRoleAlone() {
    assertThat(render(ChatTemplate.of("phi3-chat").withSystemMessage("S"), question("")))
        .isEqualTo("<|system|>\nS<|end|><|user|>\n<|assistant|>\n");
  }

  @Test
  void readsTheSystemMessageOfTheCheckpointsOwnFile() {
    String file =
        """
        register_conv_template(
            Conversation(
                name='phi3-chat',
                system_template='<|system|>\\n{system_message}',
                system_message='You are an AI assistant whose name is Phi-3.',
        ))
        register_conv_template(
            Conversation(
                name='Hermes-2',
                # system_message='an older one',
                system_message='Answer the questions.',
        ))
        register_conv_template(Conversation(name='internvl2_5', roles=('a', 'b')))
        """;
    byte[] bytes = file.getBytes(StandardCharsets.UTF_8);
    assertThat(ChatTemplate.of("phi3-chat").withSystemMessageOf(bytes).systemMessage())
        .isEqualTo("You are an AI assistant whose name is Phi-3.");
    assertThat(ChatTemplate.of("Hermes-2").withSystemMessageOf(bytes).systemMessage())
        .isEqualTo("Answer the questions.");
    ChatTemplate silent = ChatTemplate.of("internvl2_5");
    assertThat(silent.withSystemMessageOf(bytes)).isEqualTo(silent);
    assertThat(silent.withSystemMessageOf(null)).isEqualTo(silent);
  }

  @Test
  void refusesATemplateItDoesNotKnow() {
    assertThatThrownBy(() -> ChatTemplate.of("internvl3_5_gpt_oss"))
        .isInstanceOf(UnsupportedModelException.class)
        .hasMessageContaining("template 'internvl3_5_gpt_oss' is not supported")
        .hasMessageContaining("phi3-chat");
  }

  private static Exchange question(String text) {
    return new Exchange(PromptText.literal(text), null);
  }

  private static String render(ChatTemplate template, Exchange... exchanges) {
    return template.render(List.of(exchanges)).toString();
  }
}
