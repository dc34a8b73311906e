package org.internvl4j.spark;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.internvl4j.batch.Task;
import org.internvl4j.models.grounding.Grounding;

/// What a batch does with pictures, over the rows of a table: the same answers, in new columns.
///
/// Pictures are bytes, paths that executors can read, or lists of either. A row whose picture
/// cannot be read has an `error` and nulls. Results do not depend on partitions, executors, retries
/// or speculation.
///
/// Options are those of `docs/SPARK.md`; `model` alone must be there: a folder that executors have,
/// an archive that was added to the application, or a model in the Hugging Face cache. A wrong
/// option, column or name is an [IllegalArgumentException] that says so at once.
///
/// Each JVM has one model for all tasks that want the same of it. Safe for use by several threads.
public final class InternVlSpark {
  private static final int WINDOW = 32;

  private InternVlSpark() {}

  /// Answers a question about each row's pictures: columns `answer`, `finish`, `prompt_tokens`,
  /// `new_tokens`, `tiles`, `error`.
  ///
  /// @param column bytes, a path, or a list of either
  public static Dataset<Row> ask(Dataset<Row> table, String column, Map<String, String> options) {
    Job job = Job.asking(options);
    if (job.options().text("prompt", "").isBlank()) {
      throw new IllegalArgumentException(
          "internvl: option prompt is missing, expected the question to ask of each row");
    }
    return apply(table, column, job);
  }

  /// Describes each row's pictures at length; columns as [#ask].
  public static Dataset<Row> describe(
      Dataset<Row> table, String column, Map<String, String> options) {
    Map<String, String> asking = new HashMap<>(options);
    asking.putIfAbsent("prompt", Task.Asking.DESCRIBE);
    return ask(table, column, asking);
  }

  /// Points at something in each row's picture: columns as [#ask], and `regions`, boxes in
  /// thousandths of the picture and in pixels.
  ///
  /// @param what `the cat on the left`
  public static Dataset<Row> boxes(
      Dataset<Row> table, String column, String what, Map<String, String> options) {
    Map<String, String> asking = new HashMap<>(options);
    asking.put("prompt", Grounding.question(what));
    return apply(table, column, Job.pointing(asking));
  }

  /// Turns each row's picture into a vector: columns `embedding`, `prompt_tokens`, `error`.
  public static Dataset<Row> embed(Dataset<Row> table, String column, Map<String, String> options) {
    return apply(table, column, Job.embedding(options));
  }

  /// Finds the classes that each row's picture resembles most: columns `classes`, `error`.
  ///
  /// @param classes in words
  public static Dataset<Row> classify(
      Dataset<Row> table, String column, List<String> classes, Map<String, String> options) {
    return apply(table, column, Job.classifying(options, classes));
  }

  private static Dataset<Row> apply(Dataset<Row> table, String column, Job job) {
    boolean caseSensitive =
        Boolean.parseBoolean(table.sparkSession().conf().get("spark.sql.caseSensitive", "false"));
    StructType schema = new Columns(job.kind()).behind(table.schema(), caseSensitive);
    Pictures pictures = Pictures.in(table.schema(), column, caseSensitive);
    Counters counters = Counters.of(table.sparkSession().sparkContext());
    MapPartitionsFunction<Row, Row> partition =
        rows -> new Answers(rows, pictures, job, counters, WINDOW).within(TaskContext.get());
    return table.mapPartitions(partition, Encoders.row(schema));
  }

  /// Registers functions for SQL, and so for every language that speaks it: `internvl_ask(picture,
  /// prompt)`, `internvl_describe(picture)`, `internvl_boxes(picture, what)`,
  /// `internvl_embed(picture)` and `internvl_classify(picture, classes)`. Each gives a struct with
  /// the columns of the method of its name.
  ///
  /// A task computes one row at a time with them; those of other tasks of its executor share its
  /// passes.
  ///
  /// @param options as of the methods; their values may be of any type that is written as the
  ///   option is, as Python's are
  public static void register(SparkSession spark, Map<?, ?> options) {
    Functions.register(spark, options);
  }
}
