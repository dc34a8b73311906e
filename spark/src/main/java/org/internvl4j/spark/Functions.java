package org.internvl4j.spark;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.api.java.UDF2;
import org.internvl4j.batch.Outcome;
import org.internvl4j.batch.Task;
import org.internvl4j.models.grounding.Grounding;
import org.jspecify.annotations.Nullable;

/// The functions of SQL.
final class Functions {
  private static final Duration PATIENCE = Duration.ofMillis(100);

  private Functions() {}

  static void register(SparkSession spark, Map<String, String> options) {
    Map<String, String> model = new HashMap<>(options);
    model.remove("prompt");
    Job asking = Job.asking(model);
    Job pointing = Job.pointing(model);
    UDF2<Object, String, Row> ask = (picture, prompt) -> row(asking, picture, prompt);
    UDF1<Object, Row> describe = picture -> row(asking, picture, Task.Asking.DESCRIBE);
    UDF2<Object, String, Row> boxes =
        (picture, what) -> row(pointing, picture, Grounding.question(what));
    Job embedding = embedding(options);
    UDF1<Object, Row> embed = picture -> row(embedding, picture, null);
    spark.udf().register("internvl_ask", ask, new Columns(Job.Kind.ASK).type());
    spark.udf().register("internvl_describe", describe, new Columns(Job.Kind.ASK).type());
    spark.udf().register("internvl_boxes", boxes, new Columns(Job.Kind.BOXES).type());
    spark.udf().register("internvl_embed", embed, new Columns(Job.Kind.EMBED).type());
  }

  /// The options of answers say nothing to it.
  private static Job embedding(Map<String, String> options) {
    Map<String, String> model = new HashMap<>();
    for (String name :
        new String[] {
          "model", "device", "weights", "threads", "oriented", "max_pixels", "vectors"
        }) {
      String value = options.get(name);
      if (value != null) {
        model.put(name, value);
      }
    }
    return Job.embedding(model);
  }

  private static Row row(Job job, @Nullable Object picture, @Nullable String prompt)
      throws InterruptedException {
    try (Lease lease = Lease.of(job)) {
      CompletableFuture<Outcome> outcome = null;
      while (outcome == null) {
        outcome = lease.worker().submit(Pictures.of(picture, prompt), PATIENCE);
      }
      return RowFactory.create(new Columns(job.kind()).values(outcome.get()).toArray());
    } catch (ExecutionException e) {
      throw new IllegalStateException("internvl: the model failed: " + e.getCause(), e.getCause());
    }
  }
}
