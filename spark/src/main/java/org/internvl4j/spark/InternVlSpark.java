package org.internvl4j.spark;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
/// Options: `model` (a folder that executors have, a folder that was added to the application with
/// `addFile(…, true)`, or a model in the Hugging Face cache), `device`, `weights`, `threads` (as
/// many as an executor has cores), `oriented`, `max_pixels`; and of answers `prompt`, `system`,
/// `max_tiles`, `max_tokens`, `temperature`, `top_k`, `top_p`, `repetition_penalty`, `seed`,
/// `schema`. A wrong one is an [IllegalArgumentException] that names it, at once.
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
    return apply(table, column, Job.asking(options));
  }

  /// Describes each row's pictures at length; columns as [#ask].
  public static Dataset<Row> describe(
      Dataset<Row> table, String column, Map<String, String> options) {
    Map<String, String> asking = new HashMap<>(options);
    asking.putIfAbsent("prompt", Task.Asking.DESCRIBE);
    return ask(table, column, asking);
  }

  /// Points at something in each row's picture: columns as [#ask], and `regions`, boxes in
  /// thousandths of the picture.
  ///
  /// @param what `the cat on the left`
  public static Dataset<Row> boxes(
      Dataset<Row> table, String column, String what, Map<String, String> options) {
    Map<String, String> asking = new HashMap<>(options);
    asking.put("prompt", Grounding.question(what));
    return apply(table, column, Job.pointing(asking));
  }

  /// Turns each row's picture into a vector: columns `embedding`, `error`. Option `vectors`:
  /// `mean`, `class`, `c`, `g` or `states`.
  public static Dataset<Row> embed(Dataset<Row> table, String column, Map<String, String> options) {
    return apply(table, column, Job.embedding(options));
  }

  /// Finds the classes that each row's picture resembles most: columns `classes`, `error`. Options
  /// `mode` and `top`.
  ///
  /// @param classes in words
  public static Dataset<Row> classify(
      Dataset<Row> table, String column, List<String> classes, Map<String, String> options) {
    return apply(table, column, Job.classifying(options, classes));
  }

  private static Dataset<Row> apply(Dataset<Row> table, String column, Job job) {
    Columns columns = new Columns(job.kind());
    StructType schema = columns.behind(table.schema());
    Pictures pictures = new Pictures(table.schema().fieldIndex(column));
    Counters counters = Counters.of(table.sparkSession().sparkContext());
    MapPartitionsFunction<Row, Row> partition =
        rows -> new Answers(rows, pictures, columns, counters, Lease.of(job), WINDOW);
    return table.mapPartitions(partition, Encoders.row(schema));
  }

  /// Registers functions for SQL, and so for every language that speaks it: `internvl_ask(picture,
  /// prompt)`, `internvl_describe(picture)`, `internvl_boxes(picture, what)` and
  /// `internvl_embed(picture)`. Each gives a struct with the columns of the method of its name.
  ///
  /// A task computes one row at a time with them; those of other tasks of its executor share its
  /// passes.
  public static void register(SparkSession spark, Map<String, String> options) {
    Functions.register(spark, options);
  }
}
