package org.internvl4j.parquet;

/// A column of values in a file that is read.
///
/// @param path its name; with points where it lies in structs: `image.bytes`. Levels that only make
///   a list are left out: `tags`, and `images.bytes` in a list of structs
/// @param type what [Row] gives for it
/// @param list whether a row has a list of them
public record Field(String path, Type type, boolean list) {
  /// Which of [Row]'s methods reads a field.
  public enum Type {
    /// UTF-8: `string`, `strings`.
    STRING,
    /// Bytes without a meaning, UTF-8 perhaps: `bytes`, `string`, and their plurals.
    BINARY,
    /// Whole numbers, dates and times, in the file's own unit: `integer`, `digits`.
    LONG,
    /// `real`, `floats`.
    DOUBLE,
    /// `truth`.
    BOOLEAN,
    /// Cannot be read: decimals, INT96, lists in lists.
    OTHER
  }
}
