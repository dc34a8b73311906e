package org.internvl4j.spark;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.StructType;
import org.internvl4j.batch.Outcome;
import org.internvl4j.batch.Task;
import org.internvl4j.models.grounding.Grounding;
import org.jspecify.annotations.Nullable;

/// The functions of SQL.
final class Functions {
  private Functions() {}

  /// What is asked of a row.
  private interface Prompt {
    /// @return null for the task's
    /// @throws IllegalArgumentException if it makes no sense
    @Nullable String get();
  }

  static void register(SparkSession spark, Map<?, ?> given) {
    Options all = Options.of(given, List.of(Options.ANSWERS, Options.VECTORS, Options.CLASSES));
    Options ofClasses = all.only(Options.CLASSES);
    Job asking = new Job(Job.Kind.ASK, all.only(Options.ANSWERS), List.of());
    Job pointing = new Job(Job.Kind.BOXES, all.only(Options.ANSWERS), List.of());
    Job embedding = new Job(Job.Kind.EMBED, all.only(Options.VECTORS), List.of());
    Job _ = new Job(Job.Kind.CLASSIFY, ofClasses, List.of("any")); // checked now
    Counters counters = Counters.of(spark.sparkContext());

    UDF2<Object, Object, Row> ask =
        (picture, prompt) -> row(counters, asking, picture, () -> text("prompt", prompt));
    UDF1<Object, Row> describe =
        picture -> row(counters, asking, picture, () -> Task.Asking.DESCRIBE);
    UDF2<Object, Object, Row> boxes =
        (picture, what) -> row(counters, pointing, picture, () -> finding(what));
    UDF1<Object, Row> embed = picture -> row(counters, embedding, picture, () -> null);
    UDF2<Object, Object, Row> classify =
        (picture, classes) -> classified(counters, ofClasses, picture, classes);

    define(spark, "internvl_ask", functions.udf(ask, type(Job.Kind.ASK)));
    define(spark, "internvl_describe", functions.udf(describe, type(Job.Kind.ASK)));
    define(spark, "internvl_boxes", functions.udf(boxes, type(Job.Kind.BOXES)));
    define(spark, "internvl_embed", functions.udf(embed, type(Job.Kind.EMBED)));
    define(spark, "internvl_classify", functions.udf(classify, type(Job.Kind.CLASSIFY)));
  }

  private static StructType type(Job.Kind kind) {
    return new Columns(kind).type();
  }

  /// What is deterministic, Spark's optimiser copies to each place that uses its result, where it
  /// is computed once more.
  private static void define(SparkSession spark, String name, UserDefinedFunction function) {
    UserDefinedFunction _ = spark.udf().register(name, function.asNondeterministic());
  }

  private static Row row(Counters counters, Job job, @Nullable Object picture, Prompt prompt) {
    org.internvl4j.batch.Row row;
    try {
      row = Pictures.of(picture, prompt.get());
    } catch (IllegalArgumentException e) {
      row = Pictures.unreadable(e);
    }
    try (Lease lease = Lease.of(job)) {
      return row(counters, job.kind(), lease.await(lease.begin(row)));
    }
  }

  private static Row classified(
      Counters counters, Options options, @Nullable Object picture, @Nullable Object classes) {
    Job job;
    try {
      job = new Job(Job.Kind.CLASSIFY, options, texts(classes));
    } catch (IllegalArgumentException e) {
      return row(counters, Job.Kind.CLASSIFY, Outcome.Failed.input(String.valueOf(e.getMessage())));
    }
    return row(counters, job, picture, () -> null);
  }

  private static Row row(Counters counters, Job.Kind kind, Outcome outcome) {
    counters.count(outcome);
    return RowFactory.create(new Columns(kind).values(outcome).toArray());
  }

  private static String finding(@Nullable Object what) {
    String text = text("find: what to look for", what);
    return Grounding.question(text == null ? "" : text);
  }

  private static @Nullable String text(String name, @Nullable Object value) {
    return switch (value) {
      case null -> null;
      case String text -> text;
      default ->
          throw new IllegalArgumentException(
              name + " is " + value.getClass().getSimpleName() + ", expected a text");
    };
  }

  private static List<String> texts(@Nullable Object classes) {
    if (!(classes instanceof scala.collection.Iterable<?> several)) {
      throw new IllegalArgumentException(
          "classes: are "
              + (classes == null ? "null" : classes.getClass().getSimpleName())
              + ", expected an array of texts");
    }
    List<String> texts = new ArrayList<>();
    scala.collection.Iterator<?> each = several.iterator();
    while (each.hasNext()) {
      String text = text("classes: one", each.next());
      if (text == null) {
        throw new IllegalArgumentException("classes: one is null, expected a text");
      }
      texts.add(text);
    }
    return texts;
  }
}
