package org.internvl4j.models.internvl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.json.Json;
import org.internvl4j.loader.quantised.Quantisation;
import org.internvl4j.models.UnsupportedModelException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class QuantisationConfigTest {
  private static @Nullable Quantisation read(String json) {
    return QuantisationConfig.of(
        Json.parse(json.replace('\'', '"').getBytes(StandardCharsets.UTF_8), "config.json"));
  }

  private static @Nullable Quantisation top(String quantisation) {
    return read("{'quantization_config': " + quantisation + "}");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "{'quant_method': 'awq', 'bits': 4, 'group_size': 128, 'version': 'gemm'}; AWQ, 4 bits, groups of 128",
        "{'quant_method': 'AWQ', 'w_bit': 4, 'q_group_size': -1, 'version': 'GEMM'}; AWQ, 4 bits, one group a row",
        "{'quant_method': 'gptq', 'bits': 4, 'group_size': 64, 'desc_act': true}; GPTQ, 4 bits, groups of 64",
        "{'quant_method': 'gptq', 'bits': 8, 'group_size': -1, 'checkpoint_format': 'gptq_v2'}; GPTQ, 8 bits, one group a row, version 2",
        "{'quant_method': 'bitsandbytes', 'load_in_8bit': true}; bitsandbytes, int8",
        "{'load_in_8bit': true}; bitsandbytes, int8",
        "{'quant_method': 'bitsandbytes', '_load_in_4bit': true, 'bnb_4bit_quant_type': 'nf4'}; bitsandbytes, NF4",
        "{'quant_method': 'compressed-tensors', 'format': 'float-quantized', 'config_groups': {'group_0': {'weights': {'num_bits': 8, 'type': 'float', 'strategy': 'channel'}}}}; compressed-tensors, FP8",
      })
  void readsWhatIsSupported(String json, String expected) {
    assertThat(top(json)).hasToString(expected);
  }

  @Test
  void findsItWhereWritersPutIt() {
    assertThat(read("{'llm_config': {}}")).isNull();
    assertThat(read("{'quantization_config': null, 'llm_config': {'hidden_size': 8}}")).isNull();
    for (String place : new String[] {"llm_config", "text_config"}) {
      assertThat(read("{'%s': {'quantization_config': {'quant_method': 'awq'}}}".formatted(place)))
          .isEqualTo(new Quantisation.Awq(128));
    }
    assertThatThrownBy(() ->
            read(
                "{'quantization_config': {'quant_method': 'gptq', 'bits': 4}, 'llm_config':"
                    + " {'quantization_config': {'quant_method': 'awq'}}}"))
        .isInstanceOf(CheckpointException.class)
        .hasMessageMatching(
            "config.json: llm_config.quantization_config is .*, expected gptq as at the top of the"
                + " file");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "{'quant_method': 'hqq'}; quant_method hqq is not supported, supported are awq, gptq, bitsandbytes and compressed-tensors with FP8 weights",
        "{}; quant_method none is not supported",
        "{'quant_method': 'fp8', 'weight_block_size': [128, 128]}; quant_method fp8 is not supported",
        "{'quant_method': 'awq', 'version': 'gemv'}; version gemv of awq is not supported, supported is gemm",
        "{'quant_method': 'awq', 'bits': 8}; bits 8 of awq is not supported, supported is 4",
        "{'quant_method': 'awq', 'zero_point': false}; zero_point false of awq is not supported",
        "{'quant_method': 'gptq', 'bits': 3}; bits 3 of gptq is not supported, supported are 4 and 8",
        "{'quant_method': 'gptq', 'bits': 4, 'checkpoint_format': 'marlin'}; checkpoint_format marlin of gptq is not supported",
        "{'quant_method': 'bitsandbytes', 'load_in_4bit': true, 'bnb_4bit_quant_type': 'fp4'}; bnb_4bit_quant_type fp4 of bitsandbytes is not supported, supported is nf4",
        "{'quant_method': 'compressed-tensors', 'format': 'pack-quantized'}; format pack-quantized of compressed-tensors is not supported, supported is float-quantized",
        "{'quant_method': 'compressed-tensors', 'format': 'float-quantized', 'config_groups': {'a': {'weights': {'num_bits': 8, 'type': 'int'}}}}; weights of 8 bits, type int, of compressed-tensors are not supported",
        "{'quant_method': 'compressed-tensors', 'format': 'float-quantized', 'config_groups': {'a': {'weights': {'num_bits': 8, 'type': 'float', 'strategy': 'block'}}}}; strategy block of compressed-tensors is not supported",
      })
  void refusesTheRestByName(String json, String message) {
    assertThatThrownBy(() -> top(json))
        .isInstanceOf(UnsupportedModelException.class)
        .hasMessageStartingWith(
            "config.json: quantization_config " + message.replace("supported, ", "supported; "));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "{'quant_method': 'awq', 'group_size': 0}; quantization_config.group_size is 0, expected an integer of 1 to 16777216, or -1 for one group a row",
        "{'quant_method': 'gptq', 'bits': 4, 'group_size': -2}; quantization_config.group_size is -2, expected",
        "{'quant_method': 'gptq', 'bits': '4'}; quantization_config.bits is \"4\", expected an integer",
        "{'quant_method': 4}; quantization_config.quant_method is 4, expected a string",
        "7; quantization_config is 7, expected an object",
      })
  void namesAWrongValue(String json, String message) {
    assertThatThrownBy(() -> top(json))
        .isInstanceOf(CheckpointException.class)
        .hasMessageStartingWith("config.json: " + message);
  }
}
