/// The tasks of a batch over the rows of Apache Spark's tables.
@org.jspecify.annotations.NullMarked
package org.internvl4j.spark;
