package org.internvl4j.parquet;

/// How values lie in a file: `Type` of parquet.thrift.
enum Physical {
  BOOLEAN(0),
  INT32(1),
  INT64(2),
  INT96(3),
  FLOAT(4),
  DOUBLE(5),
  BYTE_ARRAY(6),
  FIXED_LEN_BYTE_ARRAY(7);

  /// The format's.
  final int number;

  Physical(int number) {
    this.number = number;
  }
}
