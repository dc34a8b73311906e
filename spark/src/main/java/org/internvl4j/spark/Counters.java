package org.internvl4j.spark;

import java.io.Serializable;
import org.apache.spark.SparkContext;
import org.apache.spark.util.LongAccumulator;
import org.internvl4j.batch.Outcome;
import org.internvl4j.models.Answer;

/// What was done, for Spark's page. A partition that is computed twice is counted twice.
record Counters(
    LongAccumulator rows,
    LongAccumulator failed,
    LongAccumulator tiles,
    LongAccumulator promptTokens,
    LongAccumulator newTokens)
    implements Serializable {
  static Counters of(SparkContext spark) {
    return new Counters(
        spark.longAccumulator("internvl.rows"),
        spark.longAccumulator("internvl.failed"),
        spark.longAccumulator("internvl.tiles"),
        spark.longAccumulator("internvl.prompt_tokens"),
        spark.longAccumulator("internvl.new_tokens"));
  }

  void count(Outcome outcome) {
    rows.add(1);
    switch (outcome) {
      case Outcome.Answered(Answer answer, boolean _, var _) -> {
        tiles.add(answer.usage().tiles());
        promptTokens.add(answer.usage().promptTokens());
        newTokens.add(answer.usage().newTokens());
      }
      case Outcome.Embedded(float[] _, int tokens) -> promptTokens.add(tokens);
      case Outcome.Failed _ -> failed.add(1);
      case Outcome.Classified _, Outcome.Called _ -> {}
    }
  }
}
