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
    Map<String, String> answers = new HashMap<>(options);
    String vectors = answers.remove("vectors"); // of the one function that makes some
    Job asking = Job.asking(answers);
    Job pointing = Job.pointing(answers);
    Map<String, String> model = Options.ofModel(options);
    if (vectors != null) {
      model.put("vectors", vectors);
    }
    Job embedding = Job.embedding(model);
    UDF2<Object, String, Row> ask = (picture, prompt) -> row(asking, picture, prompt);
    UDF1<Object, Row> describe = picture -> row(asking, picture, Task.Asking.DESCRIBE);
    UDF2<Object, String, Row> boxes =
        (picture, what) -> row(pointing, picture, Grounding.question(what));
    UDF1<Object, Row> embed = picture -> row(embedding, picture, null);
    spark.udf().register("internvl_ask", ask, new Columns(Job.Kind.ASK).type());
    spark.udf().register("internvl_describe", describe, new Columns(Job.Kind.ASK).type());
    spark.udf().register("internvl_boxes", boxes, new Columns(Job.Kind.BOXES).type());
    spark.udf().register("internvl_embed", embed, new Columns(Job.Kind.EMBED).type());
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
