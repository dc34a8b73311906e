package org.internvl4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.json.JsonAnyOfSchema;
import dev.langchain4j.model.chat.request.json.JsonArraySchema;
import dev.langchain4j.model.chat.request.json.JsonNullSchema;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.request.json.JsonRawSchema;
import dev.langchain4j.model.chat.request.json.JsonReferenceSchema;
import dev.langchain4j.model.chat.request.json.JsonSchemaElement;
import dev.langchain4j.model.chat.request.json.JsonStringSchema;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SchemasTest {
  @Test
  void everyElementHasItsSchema() {
    JsonSchemaElement all =
        JsonObjectSchema.builder()
            .description("left out")
            .addStringProperty("text", "left out, too")
            .addIntegerProperty("count")
            .addNumberProperty("size")
            .addBooleanProperty("is \"so\"")
            .addEnumProperty("colour", List.of("red", "grün"))
            .addProperty("many", JsonArraySchema.builder().items(new JsonStringSchema()).build())
            .addProperty("anything", JsonArraySchema.builder().build())
            .addProperty("free", JsonObjectSchema.builder().build())
            .addProperty(
                "either",
                JsonAnyOfSchema.builder()
                    .anyOf(new JsonNullSchema(), JsonRawSchema.from("{ \"maximum\" : 3 }"))
                    .build())
            .required("text", "count")
            .additionalProperties(true)
            .build();
    assertThat(Schemas.text(all))
        .isEqualTo(
            "{\"type\":\"object\",\"properties\":{\"text\":{\"type\":\"string\"},"
                + "\"count\":{\"type\":\"integer\"},\"size\":{\"type\":\"number\"},"
                + "\"is \\\"so\\\"\":{\"type\":\"boolean\"},"
                + "\"colour\":{\"enum\":[\"red\",\"grün\"]},"
                + "\"many\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
                + "\"anything\":{\"type\":\"array\"},\"free\":{\"type\":\"object\"},"
                + "\"either\":{\"anyOf\":[{\"type\":\"null\"},{\"maximum\":3}]}},"
                + "\"required\":[\"text\",\"count\"],\"additionalProperties\":true}");
    assertThat(Schemas.constraint(ToyQuestions.format(all))).isNotNull();
  }

  @Test
  void definitionsStandWhereReferencesLookForThem() {
    JsonSchemaElement tree =
        JsonObjectSchema.builder()
            .addProperty("left", JsonReferenceSchema.builder().reference("a/b").build())
            .build();
    JsonSchemaElement inner =
        JsonObjectSchema.builder()
            .addProperty("tree", JsonReferenceSchema.builder().reference("a/b").build())
            .definitions(Map.of("a/b", tree))
            .build();
    JsonSchemaElement root = JsonObjectSchema.builder().addProperty("inner", inner).build();
    assertThat(Schemas.text(root))
        .endsWith(
            ",\"$defs\":{\"a/b\":{\"type\":\"object\","
                + "\"properties\":{\"left\":{\"$ref\":\"#/$defs/a~1b\"}}}}}");
    assertThat(Schemas.constraint(ToyQuestions.format(root))).isNotNull();
  }

  @Test
  void otherFormatsNeedNoSchema() {
    assertThat(Schemas.constraint(null)).isNull();
    assertThat(Schemas.constraint(ResponseFormat.TEXT)).isNull();
    assertThat(Schemas.constraint(ResponseFormat.JSON)).isNotNull();
  }

  @Test
  void refusesByNameWhatAnswersCannotBeHeldTo() {
    assertThatThrownBy(() ->
            Schemas.constraint(
                ToyQuestions.format(
                    JsonObjectSchema.builder()
                        .addProperty("a", JsonRawSchema.from("{\"not\":{}}"))
                        .build())))
        .isExactlyInstanceOf(UnsupportedFeatureException.class)
        .hasMessage("responseFormat: schema: properties.a.not is not supported; leave it out");
    assertThatThrownBy(() ->
            Schemas.text(
                new JsonSchemaElement() {
                  @Override
                  public String description() {
                    return "";
                  }
                }))
        .isExactlyInstanceOf(UnsupportedFeatureException.class)
        .hasMessageStartingWith("responseFormat: schema elements of class ")
        .hasMessageEndingWith(" are not supported; use those of LangChain4j, or a JsonRawSchema");
    assertThatThrownBy(() -> Schemas.text(JsonRawSchema.from("{},{}")))
        .isExactlyInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("responseFormat: raw schema");
  }
}
